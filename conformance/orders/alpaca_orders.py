"""The orders of standard input as alpaca-py sees them: `ok NAME` or `not ok NAME: why`."""

import sys
from decimal import Decimal

from alpaca.trading.client import TradingClient
from alpaca.trading.requests import GetOrdersRequest, QueryOrderStatus

from logged import compare, sent
from place import endpoints


def shown(order, trades):
    own = [trade for trade in trades if trade["order_id"] == str(order.id)]
    limit = Decimal(order.limit_price)
    contract = order.symbol
    # An OCC symbol's root is padded to six letters in ttai.
    padded = f"{contract[:-15]:<6}{contract[-15:]}" if len(contract) > 15 else contract
    return {
        "status": "canceled" if order.status.value == "replaced" else order.status.value,
        "ids": {str(order.id)},
        "limit": -limit if order.side.value == "sell" else limit,
        "filled": Decimal(order.filled_qty),
        "legs": [(padded, order.position_intent.value, Decimal(order.qty), Decimal(order.filled_qty))],
        "fills": sorted((padded, Decimal(trade["qty"]), Decimal(trade["price"])) for trade in own),
    }


def main():
    url = endpoints(sys.argv[1])["alpaca_trading"]
    client = TradingClient("simulated", "simulated", paper=True, url_override=url)
    trades = client.get("/account/activities", {"activity_types": "FILL"})
    listed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    ours = sent()
    for order in listed:
        if order.client_order_id in ours:
            assert str(client.get_order_by_client_id(order.client_order_id).id) == str(order.id)
    compare(ours, {order.client_order_id: shown(order, trades) for order in listed})


if __name__ == "__main__":
    main()
