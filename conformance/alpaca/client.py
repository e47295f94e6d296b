"""alpaca-py, unmodified but for its addresses, against the simulated Alpaca. One line a check: `ok NAME` or `not ok NAME: why`."""

import asyncio
import sys
import threading
import time
import traceback
from datetime import datetime, timedelta, timezone

from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment, CorporateActionsType, DataFeed
from alpaca.data.historical import NewsClient, OptionHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.live import NewsDataStream, OptionDataStream, StockDataStream
from alpaca.data.requests import (
    CorporateActionsRequest,
    NewsRequest,
    OptionChainRequest,
    OptionLatestQuoteRequest,
    OptionLatestTradeRequest,
    OptionSnapshotRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetClass,
    ContractType,
    OrderClass,
    OrderSide,
    OrderStatus,
    PositionIntent,
    QueryOrderStatus,
    TimeInForce,
)
from alpaca.trading.requests import (
    GetAssetsRequest,
    GetCalendarRequest,
    GetOptionContractsRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OptionLegRequest,
    ReplaceOrderRequest,
    StopOrderRequest,
)
from alpaca.trading.stream import TradingStream

TRADING, DATA, STREAM = sys.argv[1:4]
TRADE_STREAM = TRADING.replace("http://", "ws://") + "/stream"
KEYS = {"api_key": "conformance", "secret_key": "secret"}
PATIENCE = 30
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Desk:
    """The clients, and what the checks hand on to each other."""

    def __init__(self):
        self.trading = TradingClient(paper=True, url_override=TRADING, **KEYS)
        self.stocks = StockHistoricalDataClient(url_override=DATA, **KEYS)
        self.options = OptionHistoricalDataClient(url_override=DATA, **KEYS)
        self.news = NewsClient(url_override=DATA, **KEYS)
        self.actions = CorporateActionsClient(url_override=DATA, **KEYS)
        self.now = self.trading.get_clock().timestamp.astimezone(timezone.utc)

    def chain(self, kind):
        low, high = self.now.date() + timedelta(days=7), self.now.date() + timedelta(days=60)
        request = OptionChainRequest(
            underlying_symbol="AAPL", type=kind, expiration_date_gte=low, expiration_date_lte=high
        )
        return self.options.get_option_chain(request)

    def price(self):
        quote = self.stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"]
        return quote.bid_price, quote.ask_price

    def order(self, name, side, quantity, limit=None, **more):
        fields = dict(symbol="AAPL", qty=quantity, side=side, time_in_force=TimeInForce.DAY, client_order_id=name, **more)
        request = MarketOrderRequest(**fields) if limit is None else LimitOrderRequest(limit_price=limit, **fields)
        return self.trading.submit_order(request)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE} s")


def refused(call, status, code, words):
    try:
        call()
    except APIError as error:
        assert error.status_code == status, error
        assert error.code == code, error
        assert words in error.message, error
        return
    raise AssertionError("it was not refused")


@check
def account_and_settings(desk):
    account = desk.trading.get_account()
    assert account.status == "ACTIVE" and float(account.cash) == 100_000 and account.currency == "USD"
    assert float(account.options_buying_power) == 100_000 and account.options_trading_level == 3
    assert desk.trading.get_account_configurations().no_shorting is True


@check
def clock_and_calendar(desk):
    clock = desk.trading.get_clock()
    assert clock.is_open and clock.next_open > clock.next_close > clock.timestamp
    start, end = desk.now.date() - timedelta(days=9), desk.now.date()
    days = desk.trading.get_calendar(GetCalendarRequest(start=start, end=end))
    assert 4 <= len(days) <= 8 and days[-1].date == end and days[0].open.hour == 9


@check
def assets(desk):
    everything = desk.trading.get_all_assets(GetAssetsRequest(asset_class=AssetClass.US_EQUITY))
    symbols = {asset.symbol for asset in everything}
    assert "AAPL" in symbols and "SPY" in symbols
    one = desk.trading.get_asset("AAPL")
    assert one.tradable and desk.trading.get_asset(str(one.id)).symbol == "AAPL"
    refused(lambda: desk.trading.get_asset("NOPE"), 404, 40410000, "not found")


@check
def option_contracts_page_by_page(desk):
    end = desk.now.date() + timedelta(days=60)
    request = GetOptionContractsRequest(underlying_symbols=["AAPL"], expiration_date_lte=end, limit=50)
    seen = []
    while True:
        page = desk.trading.get_option_contracts(request)
        seen.extend(page.option_contracts)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    symbols = [contract.symbol for contract in seen]
    assert len(symbols) > 50 and len(set(symbols)) == len(symbols)
    one = desk.trading.get_option_contract(symbols[0])
    assert one.symbol == symbols[0] and one.underlying_symbol == "AAPL" and one.size == "100"


@check
def a_market_order_fills_and_is_found_again(desk):
    order = desk.order("market-1", OrderSide.BUY, 100)
    found = wait_for(
        lambda: (lambda o: o if o.status == OrderStatus.FILLED else None)(desk.trading.get_order_by_id(order.id)),
        "the fill",
    )
    assert float(found.filled_qty) == 100 and float(found.filled_avg_price) > 0
    assert desk.trading.get_order_by_client_id("market-1").id == order.id
    position = desk.trading.get_open_position("AAPL")
    assert float(position.qty) == 100 and position.side == "long"
    assert [held.symbol for held in desk.trading.get_all_positions()] == ["AAPL"]


@check
def a_limit_waits_is_replaced_and_cancelled(desk):
    bid, _ = desk.price()
    order = desk.order("limit-1", OrderSide.BUY, 10, round(bid * 0.9, 2))
    assert order.status in (OrderStatus.NEW, OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW)
    request = ReplaceOrderRequest(qty=5, limit_price=round(bid * 0.8, 2))
    replaced = desk.trading.replace_order_by_id(order.id, request)
    assert replaced.replaces == order.id and float(replaced.qty) == 5
    assert desk.trading.get_order_by_id(order.id).status == OrderStatus.REPLACED
    desk.trading.cancel_order_by_id(replaced.id)
    assert desk.trading.get_order_by_id(replaced.id).status == OrderStatus.CANCELED
    refused(lambda: desk.trading.cancel_order_by_id(replaced.id), 422, 42210000, "already in")


@check
def stops_wait_and_all_are_cancelled(desk):
    bid, _ = desk.price()
    fields = dict(symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC)
    desk.trading.submit_order(StopOrderRequest(stop_price=round(bid * 0.5, 2), client_order_id="stop-1", **fields))
    open_orders = desk.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, symbols=["AAPL"]))
    assert [order.client_order_id for order in open_orders] == ["stop-1"]
    assert all(outcome.status == 200 for outcome in desk.trading.cancel_orders())
    closed = desk.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500))
    assert "stop-1" in [order.client_order_id for order in closed]


@check
def refusals_have_their_codes(desk):
    bid, _ = desk.price()
    refused(lambda: desk.order("market-1", OrderSide.BUY, 1), 422, 40010001, "client_order_id must be unique")
    refused(lambda: desk.order("much", OrderSide.BUY, 1_000_000), 403, 40310000, "insufficient buying power")
    refused(lambda: desk.order("short", OrderSide.SELL, 5_000), 403, 40310000, "insufficient qty available")
    refused(lambda: desk.order("tick", OrderSide.BUY, 1, bid + 0.001), 422, 42210000, "sub-penny")
    nope = MarketOrderRequest(symbol="NOPE", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    refused(lambda: desk.trading.submit_order(nope), 422, 42210000, "not found")
    refused(lambda: desk.trading.get_order_by_client_id("nobody"), 404, 40410000, "not found")
    refused(lambda: desk.trading.get_open_position("SPY"), 404, 40410000, "does not exist")
    stranger = TradingClient(api_key="refused", secret_key="x", paper=True, url_override=TRADING)
    refused(stranger.get_account, 401, 40110000, "not authorized")


@check
def a_spread_is_one_order(desk):
    puts = desk.chain(ContractType.PUT)
    quoted = sorted(s for s, snap in puts.items() if snap.latest_quote and snap.latest_quote.bid_price > 0.5)
    bid, _ = desk.price()
    below = [symbol for symbol in quoted if int(symbol[-8:]) / 1000 < bid]
    expiration = below[0][:-9]
    low, high = [symbol for symbol in below if symbol.startswith(expiration)][-2:]
    leg = lambda symbol, side, intent: OptionLegRequest(symbol=symbol, ratio_qty=1, side=side, position_intent=intent)
    request = MarketOrderRequest(
        qty=1,
        order_class=OrderClass.MLEG,
        time_in_force=TimeInForce.DAY,
        client_order_id="spread-1",
        legs=[
            leg(high, OrderSide.SELL, PositionIntent.SELL_TO_OPEN),
            leg(low, OrderSide.BUY, PositionIntent.BUY_TO_OPEN),
        ],
    )
    order = desk.trading.submit_order(request)
    assert order.order_class == OrderClass.MLEG and len(order.legs) == 2
    wait_for(lambda: desk.trading.get_order_by_id(order.id).status == OrderStatus.FILLED, "the fill")
    held = {position.symbol: float(position.qty) for position in desk.trading.get_all_positions()}
    assert held[high] == -1 and held[low] == 1, held
    closed = desk.trading.close_position(high)
    wait_for(lambda: desk.trading.get_order_by_id(closed.id).status == OrderStatus.FILLED, "the close")


@check
def positions_are_closed(desk):
    outcomes = desk.trading.close_all_positions(cancel_orders=True)
    assert outcomes and all(outcome.status == 200 for outcome in outcomes), outcomes
    wait_for(lambda: not desk.trading.get_all_positions(), "the end of all positions")


@check
def bars_page_by_page(desk):
    day = StockBarsRequest(
        symbol_or_symbols=["AAPL", "SPY"],
        timeframe=TimeFrame.Day,
        start=desk.now - timedelta(days=400),
        end=desk.now,
        adjustment=Adjustment.SPLIT,
        feed=DataFeed.IEX,
    )
    bars = desk.stocks.get_stock_bars(day)
    assert len(bars["AAPL"]) > 250 and all(bar.low <= bar.close <= bar.high for bar in bars["AAPL"])
    minutes = StockBarsRequest(
        symbol_or_symbols="AAPL", timeframe=TimeFrame.Minute, start=desk.now - timedelta(days=30), limit=25_000
    )
    rows = desk.stocks.get_stock_bars(minutes)["AAPL"]
    assert len(rows) > 100 and rows == sorted(rows, key=lambda bar: bar.timestamp), len(rows)
    five = StockBarsRequest(
        symbol_or_symbols="AAPL", timeframe=TimeFrame(5, TimeFrameUnit.Minute), start=desk.now - timedelta(hours=2)
    )
    assert all(bar.timestamp.minute % 5 == 0 for bar in desk.stocks.get_stock_bars(five)["AAPL"])


@check
def latest_stock_data(desk):
    both = ["AAPL", "SPY"]
    quotes = desk.stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=both))
    assert all(0 < quotes[symbol].bid_price < quotes[symbol].ask_price for symbol in both)
    trades = desk.stocks.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=both))
    assert all(trades[symbol].price > 0 for symbol in both)
    assert desk.stocks.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols="SPY"))["SPY"].volume > 0
    snapshot = desk.stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=both))["AAPL"]
    assert snapshot.daily_bar.timestamp > snapshot.previous_daily_bar.timestamp
    past = StockTradesRequest(symbol_or_symbols="AAPL", start=desk.now - timedelta(minutes=30), end=desk.now)
    assert len(desk.stocks.get_stock_trades(past)["AAPL"]) > 30


@check
def option_data(desk):
    chain = desk.chain(ContractType.CALL)
    with_greeks = [snapshot for snapshot in chain.values() if snapshot.greeks]
    assert len(chain) > 20 and all(-0.01 <= s.greeks.delta <= 1.01 for s in with_greeks) and with_greeks
    some = sorted(chain)[:5]
    assert set(desk.options.get_option_snapshot(OptionSnapshotRequest(symbol_or_symbols=some))) == set(some)
    quotes = desk.options.get_option_latest_quote(OptionLatestQuoteRequest(symbol_or_symbols=some))
    assert set(quotes) == set(some)
    desk.options.get_option_latest_trade(OptionLatestTradeRequest(symbol_or_symbols=some))


@check
def news_page_by_page(desk):
    start = desk.now - timedelta(days=365)
    stories = desk.news.get_news(NewsRequest(start=start, end=desk.now, limit=120)).data["news"]
    ids = [story.id for story in stories]
    assert stories and len(set(ids)) == len(ids)
    assert all(start <= story.created_at <= desk.now for story in stories)


@check
def corporate_actions(desk):
    request = CorporateActionsRequest(
        symbols=["AAPL", "SPY"],
        types=[CorporateActionsType.CASH_DIVIDEND, CorporateActionsType.FORWARD_SPLIT],
        start=desk.now.date() - timedelta(days=700),
        end=desk.now.date(),
    )
    actions = desk.actions.get_corporate_actions(request).data
    assert any(row.rate > 0 for row in actions.get("cash_dividends", [])), actions


class Background:
    """A stream in a thread of its own, stopped at the end."""

    def __init__(self, stream):
        self.stream = stream
        self.thread = threading.Thread(target=stream.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self.stream

    def __exit__(self, *_):
        self.stream.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the stream did not stop"


@check
def stock_stream(desk):
    quotes, trades, bars = [], [], []

    async def on_quote(quote):
        quotes.append(quote)

    async def on_trade(trade):
        trades.append(trade)

    async def on_bar(bar):
        bars.append(bar)

    stream = StockDataStream(url_override=STREAM + "/v2/iex", **KEYS)
    stream.subscribe_quotes(on_quote, "AAPL", "SPY")
    stream.subscribe_trades(on_trade, "AAPL")
    stream.subscribe_bars(on_bar, "AAPL")
    with Background(stream):
        wait_for(lambda: {quote.symbol for quote in quotes} == {"AAPL", "SPY"}, "quotes")
        wait_for(lambda: trades, "a trade")
    assert quotes[0].bid_price > 0 and quotes[0].timestamp.tzinfo is not None
    assert trades[0].symbol == "AAPL" and trades[0].price > 0


@check
def option_stream(desk):
    quotes = []

    async def on_quote(quote):
        quotes.append(quote)

    contracts = sorted(desk.chain(ContractType.PUT))[:3]
    stream = OptionDataStream(url_override=STREAM + "/v1beta1/indicative", **KEYS)
    stream.subscribe_quotes(on_quote, *contracts)
    with Background(stream):
        wait_for(lambda: {quote.symbol for quote in quotes} == set(contracts), "option quotes")


@check
def news_stream_stands(desk):
    async def on_news(story):
        assert story.headline

    stream = NewsDataStream(url_override=STREAM + "/v1beta1/news", **KEYS)
    stream.subscribe_news(on_news, "*")
    with Background(stream):
        wait_for(lambda: stream._running, "the news stream")


@check
def trade_updates(desk):
    updates = []

    async def on_update(update):
        updates.append(update)

    stream = TradingStream(paper=True, url_override=TRADE_STREAM, **KEYS)
    stream.subscribe_trade_updates(on_update)
    with Background(stream):
        wait_for(lambda: stream._running, "the trading stream")
        # It listens once it has said so; an order before that may be missed, so orders go on until one is heard of.
        for attempt in range(20):
            desk.order(f"stream-{attempt}", OrderSide.BUY, 1)
            time.sleep(0.2)
            if any(update.event == "fill" for update in updates):
                break
        wait_for(lambda: any(update.event == "fill" for update in updates), "the fill")
    fill = next(update for update in updates if update.event == "fill")
    assert fill.qty == 1 and fill.price > 0 and fill.order.status == OrderStatus.FILLED
    assert fill.execution_id is not None and fill.position_qty >= 1


def main():
    desk = Desk()
    for function in CHECKS:
        name = function.__name__.replace("_", " ")
        try:
            function(desk)
            print(f"ok alpaca-py: {name}", flush=True)
        except Exception as error:  # every check is told, whatever went wrong in it
            traceback.print_exc()
            print(f"not ok alpaca-py: {name}: {type(error).__name__} {error}", flush=True)


main()
