"""The orders that ttai logged, one JSON object a line on standard input, as PyPI's tastytrade sees them: one line each, `ok` or `FAIL`."""

import argparse
import asyncio
import json
import sys
from decimal import Decimal

import tastytrade.session
from tastytrade import Account, Session

STATUSES = {"Live": "live", "Received": "received", "Filled": "filled", "Cancelled": "canceled"}


def compare(ours: dict, theirs) -> None:
    assert theirs.external_identifier == ours["client_order_id"], theirs.external_identifier
    assert STATUSES[theirs.status.value] == ours["status"], theirs.status
    # Here positive is received.
    assert theirs.price == -Decimal(ours["limit"]), theirs.price
    assert str(theirs.replaces_order_id or "") == (ours["replaces"] or ""), theirs.replaces_order_id
    assert str(theirs.replacing_order_id or "") == (ours["replaced_by"] or ""), theirs.replacing_order_id
    assert len(theirs.legs) == len(ours["legs"])
    for row, leg in zip(theirs.legs, ours["legs"]):
        assert row.symbol == leg["symbol"], row.symbol
        assert row.action.value.lower().replace(" ", "_") == leg["action"], row.action
        assert row.quantity == Decimal(leg["quantity"])
        assert row.quantity - row.remaining_quantity == Decimal(leg["filled"]), row.remaining_quantity
        seen = {(fill.fill_id, fill.quantity, fill.fill_price) for fill in row.fills or []}
        logged = {(fill["id"], Decimal(fill["quantity"]), Decimal(fill["price"])) for fill in leg["fills"]}
        assert seen == logged, (seen, logged)


async def run(options: argparse.Namespace) -> int:
    tastytrade.session.API_URL = options.base
    failed = 0
    async with Session("conformance-secret", "conformance-refresh-token") as session:
        account = await Account.get(session, "5WT00001")
        live = {order.id for order in await account.get_live_orders(session)}
        for line in sys.stdin:
            ours = json.loads(line)
            name = f"our order {ours['client_order_id']} as it is logged"
            try:
                assert int(ours["id"]) in live
                compare(ours, await account.get_order(session, int(ours["id"])))
                print(f"ok    orders: {name}", flush=True)
            except Exception as error:
                failed += 1
                print(f"FAIL  orders: {name}: {type(error).__name__} {error}", flush=True)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="base address of the REST API")
    parser.add_argument("--streamer", help="not used")
    parser.add_argument("--market-time", help="not used")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
