"""The orders of standard input as PyPI's tastytrade sees them: `ok NAME` or `not ok NAME: why`."""

import asyncio
import sys
from decimal import Decimal

import tastytrade.session
from tastytrade import Account, Session

from logged import compare, sent
from place import ACCOUNTS, endpoints

STATUSES = {"Filled": "filled", "Cancelled": "canceled", "Live": "working", "Rejected": "rejected", "Expired": "expired"}


def shown(order):
    legs = [
        (leg.symbol, leg.action.value.lower().replace(" ", "_"), leg.quantity, leg.quantity - leg.remaining_quantity)
        for leg in order.legs
    ]
    fills = [(leg.symbol, fill.quantity, fill.fill_price) for leg in order.legs for fill in leg.fills or []]
    return {
        "status": STATUSES.get(order.status.value, order.status.value),
        "ids": {str(order.id)},
        # Here positive is received.
        "limit": -order.price,
        "filled": min(leg[3] for leg in legs) if legs else Decimal(0),
        "legs": sorted(legs),
        "fills": sorted(fills),
    }


async def run():
    tastytrade.session.API_URL = endpoints(sys.argv[1])["tastytrade"]
    async with Session("conformance-secret", "conformance-refresh-token") as session:
        account = await Account.get(session, ACCOUNTS["tastytrade"])
        listed = await account.get_live_orders(session)
        compare(sent(), {order.external_identifier: shown(order) for order in listed})


if __name__ == "__main__":
    asyncio.run(run())
