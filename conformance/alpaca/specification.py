"""Calls of Alpaca's two specifications through a validating proxy. One line a call: `ok NAME` or `not ok NAME: why`."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

TRADING, DATA = sys.argv[1:3]
HEADERS = {"APCA-API-KEY-ID": "specifications", "APCA-API-SECRET-KEY": "secret", "Accept": "application/json"}


def call(name, base, method, path, query=None, body=None, wanted=200):
    url = base + path + ("?" + urllib.parse.urlencode(query) if query else "")
    data = None if body is None else json.dumps(body).encode()
    headers = dict(HEADERS, **({"Content-Type": "application/json"} if data else {}))
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    said = text.decode(errors="replace")
    if status != wanted or "sl-violations" in said or "/prism/errors" in said:
        print(f"not ok {method} {name}: {status} {said[:600]}", flush=True)
        return None
    print(f"ok {method} {name}", flush=True)
    return json.loads(text) if text else None


def trading(name, method, path, query=None, body=None, wanted=200):
    return call(name, TRADING, method, path, query, body, wanted)


def data(path, **query):
    return call(path, DATA, "GET", path, query)


def reference():
    clock = trading("clock", "GET", "/v2/clock")
    day = clock["timestamp"][:10]
    year = str(int(day[:4]) - 1) + day[4:]
    trading("calendar", "GET", "/v2/calendar", {"start": f"{year}T00:00:00Z", "end": f"{day}T00:00:00Z"})
    trading("account", "GET", "/v2/account")
    trading("configurations", "GET", "/v2/account/configurations")
    trading("assets", "GET", "/v2/assets", {"status": "active", "asset_class": "us_equity"})
    trading("asset", "GET", "/v2/assets/AAPL")
    span = {"expiration_date_gte": day, "expiration_date_lte": f"{int(day[:4]) + 1}{day[4:]}"}
    contracts = trading("contracts", "GET", "/v2/options/contracts", {"underlying_symbols": "AAPL", "limit": 1000, **span})
    one = contracts["option_contracts"][0]["symbol"]
    trading("contract", "GET", f"/v2/options/contracts/{one}")
    trading("contract that is none", "GET", "/v2/options/contracts/AAPL991231P00001000", wanted=404)
    return day, year


def puts():
    chain = data("/v1beta1/options/snapshots/AAPL", type="put", limit=1000, feed="indicative")["snapshots"]
    price = data("/v2/stocks/quotes/latest", symbols="AAPL", feed="iex")["quotes"]["AAPL"]["bp"]
    below = sorted(
        symbol
        for symbol, snapshot in chain.items()
        if int(symbol[-8:]) / 1000 < price and snapshot["latestQuote"]["bp"] > 0.5
    )
    return below[-2:], price


def orders():
    pair, price = puts()
    simple = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": "p1"}
    filled = trading("order", "POST", "/v2/orders", body=simple)
    waiting = dict(simple, type="limit", limit_price=f"{price * 0.5:.2f}", client_order_id="p2")
    waiting = trading("limit order", "POST", "/v2/orders", body=waiting)
    if pair[0][:-9] == pair[1][:-9]:
        legs = [
            {"symbol": pair[1], "ratio_qty": "1", "side": "sell", "position_intent": "sell_to_open"},
            {"symbol": pair[0], "ratio_qty": "1", "side": "buy", "position_intent": "buy_to_open"},
        ]
        spread = {"order_class": "mleg", "qty": "1", "type": "limit", "limit_price": "-0.01", "time_in_force": "day"}
        trading("spread", "POST", "/v2/orders", body=dict(spread, legs=legs, client_order_id="p3"))
    trading("duplicate", "POST", "/v2/orders", body=simple, wanted=422)
    trading("order beyond the money", "POST", "/v2/orders", body=dict(simple, qty="1000000", client_order_id="p4"), wanted=403)
    trading("orders", "GET", "/v2/orders", {"status": "all", "nested": "true", "limit": 500, "direction": "asc"})
    trading("order by id", "GET", f"/v2/orders/{filled['id']}", {"nested": "true"})
    trading("order by client id", "GET", "/v2/orders:by_client_order_id", {"client_order_id": "p1"})
    changed = trading("order", "PATCH", f"/v2/orders/{waiting['id']}", body={"qty": "5"})
    trading("order", "DELETE", f"/v2/orders/{changed['id']}", wanted=204)
    trading("order that ended", "DELETE", f"/v2/orders/{changed['id']}", wanted=422)
    trading("positions", "GET", "/v2/positions")
    trading("position", "GET", "/v2/positions/AAPL")
    trading("activities", "GET", "/v2/account/activities", {"page_size": 100})
    # Not /v2/account/activities/FILL: its schema is "exactly one of" two that every fill fits, so no answer satisfies it.
    trading("all orders", "DELETE", "/v2/orders", wanted=207)
    trading("position", "DELETE", "/v2/positions/AAPL", {"qty": 5})
    trading("all positions", "DELETE", "/v2/positions", {"cancel_orders": "true"}, wanted=207)
    return pair


def market_data(pair, day, year):
    both = {"symbols": "AAPL,SPY", "feed": "iex"}
    start, end = f"{year}T00:00:00Z", f"{day}T23:59:59Z"
    data("/v2/stocks/bars", timeframe="1Day", start=start, end=end, adjustment="raw", limit=100, **both)
    data("/v2/stocks/bars", timeframe="15Min", start=f"{day}T00:00:00Z", end=end, **both)
    data("/v2/stocks/AAPL/bars", timeframe="1Week", start=start, end=end)
    for kind in ("quotes", "trades", "bars"):
        data(f"/v2/stocks/{kind}/latest", **both)
        data(f"/v2/stocks/AAPL/{kind}/latest", feed="iex")
    data("/v2/stocks/snapshots", **both)
    data("/v2/stocks/AAPL/snapshot", feed="iex")
    data("/v2/stocks/trades", symbols="AAPL", start=f"{day}T00:00:00Z", end=end, limit=50)
    symbols = ",".join(pair)
    data("/v1beta1/options/snapshots", symbols=symbols, feed="indicative")
    data("/v1beta1/options/quotes/latest", symbols=symbols, feed="indicative")
    data("/v1beta1/options/trades/latest", symbols=symbols)
    data("/v1beta1/options/bars", symbols=symbols, timeframe="1Day", start=start, end=end)
    data("/v1beta1/news", symbols="AAPL", start=start, end=end, sort="desc", limit=50)
    data("/v1/corporate-actions", symbols="AAPL,SPY", types="cash_dividend,forward_split", start=year, end=day, limit=1000)


day, year = reference()
market_data(orders(), day, year)
