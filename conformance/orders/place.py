"""Has `ttai` place orders at both simulated brokers, and writes what it logs of each: alpaca.json and tastytrade.json.

place.py environment ENDPOINTS         the variables by which ttai finds its providers at the simulation
place.py place ENDPOINTS TTAI FOLDER   screens, plans, approves and waits until everything has ended
"""

import json
import subprocess
import sys
import time
import urllib.request

ACCOUNTS = {"tastytrade": "5WT00001"}


def endpoints(file):
    with open(file) as lines:
        return json.loads(lines.readline())


def environment(at):
    return {
        "TTAI_TASTYTRADE_CLIENT_SECRET": "simulated",
        "TTAI_TASTYTRADE_REFRESH_TOKEN": "simulated",
        "TTAI__PROVIDERS__TASTYTRADE__BASE_URL": at["tastytrade"],
        "TTAI__PROVIDERS__TASTYTRADE__STREAM_URL": at["dxlink"],
        "TTAI_ALPACA_KEY_ID": "simulated",
        "TTAI_ALPACA_SECRET_KEY": "simulated",
        "TTAI__PROVIDERS__ALPACA__TRADING_URL": at["alpaca_trading"],
        "TTAI__PROVIDERS__ALPACA__DATA_URL": at["alpaca_data"],
        "TTAI__PROVIDERS__ALPACA__STREAM_URL": at["alpaca_stream"],
        "TTAI__PROVIDERS__CBOE__BASE_URL": at["cboe"],
        "TTAI__PROVIDERS__TRADINGVIEW__BASE_URL": at["tradingview"],
        "TTAI__PROVIDERS__RSS__FEEDS": '[{ name = "Newswire", url = "%s/{symbol}.xml" }]' % at["rss"],
        "TTAI__PROVIDERS__EDGAR__CONTACT": "Simulated Trader trader@ttai.example",
        "TTAI__PROVIDERS__EDGAR__DATA_URL": at["edgar"],
        "TTAI__PROVIDERS__EDGAR__SITE_URL": at["edgar"],
    }


def ttai(binary, *arguments, as_json=True):
    command = [binary, *arguments] + (["--json"] if as_json else [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout) if as_json else done.stdout


def alpaca_account(at):
    headers = {"APCA-API-KEY-ID": "simulated", "APCA-API-SECRET-KEY": "simulated"}
    request = urllib.request.Request(at["alpaca_trading"] + "/v2/account", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["account_number"]


def orders_of(binary, account):
    return ttai(binary, "trade", "list", "--account", account)["orders"]


def place(at, binary, folder):
    ttai(binary, "screen", "--max-price", "300", "-w")
    accounts = ACCOUNTS | {"alpaca": alpaca_account(at)}
    for broker, account in accounts.items():
        planned = ttai(binary, "trade", "plan", "csp_entry", "--account", account)
        assert planned["order"], planned
        ttai(binary, "trade", "approve", planned["order"]["client_order_id"])
    for broker, account in accounts.items():
        while any(order["is_open"] for order in orders_of(binary, account)):
            time.sleep(1)
        ids = [order["client_order_id"] for order in orders_of(binary, account)]
        with open(f"{folder}/{broker}.json", "w") as file:
            json.dump([ttai(binary, "trade", "show", id) for id in ids], file)


def main():
    at = endpoints(sys.argv[2])
    if sys.argv[1] == "environment":
        for name, value in environment(at).items():
            print(f"{name}='{value}'")
    else:
        place(at, sys.argv[3], sys.argv[4])


if __name__ == "__main__":
    main()
