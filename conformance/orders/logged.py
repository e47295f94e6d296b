"""What `ttai trade show --json` says of orders, read from standard input, and the comparison with what a vendor's client lists."""

import json
import sys
from decimal import Decimal

ENDED = {"filled": "filled", "replaced": "canceled", "cancelled": "canceled", "rejected_by_broker": "rejected", "expired": "expired"}


def sent():
    """Our orders that reached the broker, by client order id."""
    shown = {}
    for one in json.load(sys.stdin):
        order = one["order"]
        if order["broker_order_ids"]:
            shown[order["client_order_id"]] = {
                "status": ENDED.get(order["state"], order["state"]),
                "ids": set(order["broker_order_ids"]),
                "limit": Decimal(order["limit"]),
                "filled": Decimal(order["filled_units"]),
                "legs": sorted(
                    (leg["instrument"], leg["action"], Decimal(leg["quantity"]), Decimal(leg["filled"])) for leg in order["legs"]
                ),
                "fills": sorted(
                    (fill["instrument"], Decimal(fill["quantity"]), Decimal(fill["price"])) for fill in one["executions"]
                ),
            }
    return shown


def compare(ours, theirs):
    """Prints a line an order; `theirs` is what the client lists, in the same form, by client order id."""
    names = {name for name in theirs if name and name.startswith("ttai-")}
    result = "ok" if names == set(ours) and ours else "not ok"
    print(f"{result} {len(ours)} orders of ours are listed, and no other by our names: {sorted(names ^ set(ours))}")
    print("ok" if any(order["status"] == "filled" for order in ours.values()) else "not ok", "one of them is filled")
    for name, order in ours.items():
        seen = theirs.get(name, {})
        wrong = [field for field in order if seen.get(field) != order[field]]
        text = "; ".join(f"{field}: {order[field]} logged, {seen.get(field)} listed" for field in wrong)
        print(f"not ok {name}: {text}" if wrong else f"ok {name} ({order['status']}) is listed as it is logged")
