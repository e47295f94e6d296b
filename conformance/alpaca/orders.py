"""The orders that ttai logged, one JSON object a line on standard input, as alpaca-py sees them: `ok NAME` or `not ok NAME: why`."""

import json
import sys
from decimal import Decimal

from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass
from alpaca.trading.requests import GetOrdersRequest, QueryOrderStatus

STATUSES = {
    "new": "live",
    "accepted": "received",
    "partially_filled": "partially_filled",
    "filled": "filled",
    "canceled": "canceled",
    "replaced": "canceled",
}


def leg_of(row):
    return {
        "symbol": row.symbol,
        "action": row.position_intent.value,
        "quantity": Decimal(row.qty),
        "filled": Decimal(row.filled_qty),
    }


def compare(ours, theirs, trades):
    single = theirs.order_class != OrderClass.MLEG
    sold = single and theirs.side.value == "sell"
    assert theirs.client_order_id == ours["client_order_id"], theirs.client_order_id
    assert STATUSES[theirs.status.value] == ours["status"], theirs.status
    limit = Decimal(theirs.limit_price)
    assert (-limit if sold else limit) == Decimal(ours["limit"]), theirs.limit_price
    assert str(theirs.replaces or "") == (ours["replaces"] or ""), theirs.replaces
    assert str(theirs.replaced_by or "") == (ours["replaced_by"] or ""), theirs.replaced_by
    rows = [theirs] if single else theirs.legs
    assert len(rows) == len(ours["legs"])
    for row, leg in zip(rows, ours["legs"]):
        seen = leg_of(row)
        logged = {name: leg[name] if name in ("symbol", "action") else Decimal(leg[name]) for name in seen}
        logged["symbol"] = logged["symbol"].replace(" ", "")
        assert seen == logged, (seen, logged)
        orders = {str(row.id), str(theirs.id)}
        own = [trade for trade in trades if trade["order_id"] in orders and trade["symbol"] == row.symbol]
        own = {(trade["id"].split("::")[-1], Decimal(trade["qty"]), Decimal(trade["price"])) for trade in own}
        fills = {(fill["id"], Decimal(fill["quantity"]), Decimal(fill["price"])) for fill in leg["fills"]}
        assert own == fills, (own, fills)


def main():
    client = TradingClient("simulated", "simulated", paper=True, url_override=sys.argv[1])
    trades = client.get("/account/activities", {"activity_types": "FILL"})
    listed = {str(order.id) for order in client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))}
    for line in sys.stdin:
        ours = json.loads(line)
        name = f"our order {ours['client_order_id']} as it is logged"
        try:
            assert ours["id"] in listed
            compare(ours, client.get_order_by_client_id(ours["client_order_id"]), trades)
            print(f"ok {name}")
        except Exception as error:
            print(f"not ok {name}: {type(error).__name__} {error}")


if __name__ == "__main__":
    main()
