"""Drives PyPI's tastytrade, unmodified but for its addresses, against a simulated service.

Each check prints one line, `ok` or `FAIL`; the exit code is 1 when one failed. Every check has a deadline."""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import tastytrade.session
import tastytrade.streamer
from tastytrade import Account, AlertStreamer, DXLinkStreamer, Session
from tastytrade.account import AccountBalance, CurrentPosition
from tastytrade.dxfeed import Candle, Greeks, Quote, Summary, Trade
from tastytrade.instruments import (
    Equity,
    NestedOptionChain,
    Option,
    OptionType,
    get_option_chain,
    get_quantity_decimal_precisions,
)
from tastytrade.market_data import get_market_data, get_market_data_by_type
from tastytrade.metrics import get_dividends, get_earnings, get_market_metrics, get_risk_free_rate
from tastytrade.order import (
    InstrumentType,
    Leg,
    LimitOrder,
    MarketOrder,
    OrderAction,
    OrderStatus,
    OrderTimeInForce,
    PlacedOrder,
    StopOrder,
)
from tastytrade.search import symbol_search
from tastytrade.utils import TastytradeError
from tastytrade.watchlists import PairsWatchlist, PrivateWatchlist, PublicWatchlist

ACCOUNT = "5WT00001"
SYMBOL = "AAPL"
DEADLINE = 30


class Desk:
    """A session and what the checks share."""

    def __init__(self, session: Session, market_time: datetime) -> None:
        self.session = session
        self.market_time = market_time
        self.account: Account

    async def spread(self) -> tuple[list[Leg], Decimal]:
        """A put spread below the price, and what it brings at natural prices (negative: costs)."""
        chain = (await NestedOptionChain.get(self.session, SYMBOL))[0]
        expiration = next(e for e in chain.expirations if e.days_to_expiration >= 20)
        spot = (await get_market_data(self.session, SYMBOL, InstrumentType.EQUITY)).last
        below = [strike for strike in expiration.strikes if strike.strike_price < spot]
        short, long = below[-2].put, below[-4].put
        quotes = {q.symbol: q for q in await get_market_data_by_type(self.session, options=[short, long])}
        kind = InstrumentType.EQUITY_OPTION
        legs = [
            Leg(instrument_type=kind, symbol=short, action=OrderAction.SELL_TO_OPEN, quantity=1),
            Leg(instrument_type=kind, symbol=long, action=OrderAction.BUY_TO_OPEN, quantity=1),
        ]
        return legs, quotes[short].bid - quotes[long].ask

    async def resting(self, price: str = "-1", identity: str | None = None) -> LimitOrder:
        """A purchase far below the market."""
        equity = await Equity.get(self.session, SYMBOL)
        leg = equity.build_leg(10, OrderAction.BUY_TO_OPEN)
        return LimitOrder(legs=[leg], price=Decimal(price), external_identifier=identity)

    async def placed(self, order_id: int, status: OrderStatus) -> PlacedOrder:
        """The order once it has that status."""
        while True:
            order = await self.account.get_order(self.session, order_id)
            if order.status == status:
                return order
            await asyncio.sleep(0.05)


async def refused(call: Awaitable[object], part: str) -> None:
    """The call fails with words in it."""
    try:
        await call
    except TastytradeError as error:
        assert part in str(error), str(error)
    else:
        raise AssertionError("it was not refused")


async def check_auth(desk: Desk) -> None:
    await desk.session.refresh()
    first = desk.session.session_token
    await asyncio.gather(*(desk.session.refresh() for _ in range(5)))
    assert desk.session.session_token == first, "a good token was replaced"
    await desk.session.refresh(force=True)
    assert desk.session.session_token != first
    assert await desk.session.validate()
    assert (await desk.session.get_customer()).first_name == "Simulated"


async def check_refused_credentials(desk: Desk) -> None:
    # The client knows only the `error` form of refusals; OAuth's own form it repeats whole.
    for secret, refresh, part in [
        ("secret", "revoked", "invalid_grant"),
        ("wrong", "refresh", "invalid_client"),
    ]:
        async with Session(secret, refresh) as session:
            await refused(Account.get(session), part)


async def check_accounts(desk: Desk) -> None:
    accounts = await Account.get(desk.session)
    assert [account.account_number for account in accounts] == [ACCOUNT]
    one = await Account.get(desk.session, ACCOUNT)
    assert one.margin_or_cash == "Cash" and not one.is_closed
    status = await one.get_trading_status(desk.session)
    assert status.account_number == ACCOUNT
    await refused(Account.get(desk.session, "5WT99999"), "not_permitted")


async def check_balances_and_positions(desk: Desk) -> None:
    balance = await desk.account.get_balances(desk.session)
    assert balance.net_liquidating_value > 0 and balance.pending_cash == 0
    await desk.account.get_positions(desk.session, include_marks=True)
    fees = await desk.account.get_total_fees(desk.session, desk.market_time.date())
    assert fees.total_fees == 0


async def check_equities(desk: Desk) -> None:
    one = await Equity.get(desk.session, SYMBOL)
    assert one.symbol == SYMBOL and one.active and one.streamer_symbol == SYMBOL
    several = await Equity.get(desk.session, [SYMBOL, "SPY", "ZZZZ"], page_offset=None)
    assert [equity.symbol for equity in several] == [SYMBOL, "SPY"]
    # Page by page gives the same as in one piece.
    whole = await Equity.get_active_equities(desk.session)
    paged = await Equity.get_active_equities(desk.session, per_page=2, page_offset=None)
    assert [equity.symbol for equity in paged] == [equity.symbol for equity in whole]
    assert SYMBOL in [found.symbol for found in await symbol_search(desk.session, "AA")]
    assert await get_quantity_decimal_precisions(desk.session)
    await refused(Equity.get(desk.session, "ZZZZ"), "record_not_found")


async def check_chains(desk: Desk) -> None:
    nested = await NestedOptionChain.get(desk.session, SYMBOL)
    assert len(nested) == 1 and nested[0].deliverables
    full = await get_option_chain(desk.session, SYMBOL)
    assert sorted(full) == [expiration.expiration_date for expiration in nested[0].expirations]
    listed = {option.symbol: option for options in full.values() for option in options}
    for expiration in nested[0].expirations:
        for strike in expiration.strikes:
            call, put = listed[strike.call], listed[strike.put]
            assert (call.option_type, put.option_type) == (OptionType.CALL, OptionType.PUT)
            assert call.strike_price == put.strike_price == strike.strike_price
            assert call.streamer_symbol == strike.call_streamer_symbol
            assert Option.occ_to_streamer_symbol(strike.put) == strike.put_streamer_symbol
    name = nested[0].expirations[0].strikes[0].call
    assert (await Option.get(desk.session, name)).symbol == name


async def check_market_data(desk: Desk) -> None:
    legs, _ = await desk.spread()
    names = [leg.symbol for leg in legs]
    found = await get_market_data_by_type(desk.session, equities=[SYMBOL, "SPY"], options=names)
    assert [datum.symbol for datum in found] == [SYMBOL, "SPY", *names]
    share = found[0]
    assert share.bid <= share.mid <= share.ask and share.prev_close > 0 and share.halt_start_time == -1
    assert share.updated_at <= desk.market_time + timedelta(hours=8)
    assert found[2].open_interest is not None
    await refused(get_market_data_by_type(desk.session, equities=["AAPL"] * 101), "100")


async def check_metrics(desk: Desk) -> None:
    metrics = await get_market_metrics(desk.session, [SYMBOL, "SPY"])
    assert [metric.symbol for metric in metrics] == [SYMBOL, "SPY"]
    apple = metrics[0]
    assert 0 <= Decimal(apple.implied_volatility_index_rank) <= 1
    assert 1 < apple.implied_volatility_30_day < 300
    assert apple.earnings and apple.earnings.expected_report_date > desk.market_time.date()
    assert apple.option_expiration_implied_volatilities
    dividends = await get_dividends(desk.session, SYMBOL)
    assert dividends and all(dividend.amount > 0 for dividend in dividends)
    await get_earnings(desk.session, SYMBOL, date(2020, 1, 1))
    assert 0 <= await get_risk_free_rate(desk.session) < 1


async def check_watchlists(desk: Desk) -> None:
    mine = PrivateWatchlist(name="wheel")
    mine.add_symbol(SYMBOL, InstrumentType.EQUITY)
    await mine.upload(desk.session)
    await refused(mine.upload(desk.session), "taken")
    mine.add_symbol("SPY", InstrumentType.EQUITY)
    await mine.update(desk.session)
    kept = await PrivateWatchlist.get(desk.session, "wheel")
    assert [entry["symbol"] for entry in kept.watchlist_entries] == [SYMBOL, "SPY"]
    assert [found.name for found in await PrivateWatchlist.get(desk.session)] == ["wheel"]
    await PrivateWatchlist.remove(desk.session, "wheel")
    await refused(PrivateWatchlist.get(desk.session, "wheel"), "record_not_found")
    public = await PublicWatchlist.get(desk.session)
    assert public[0].watchlist_entries
    counted = await PublicWatchlist.get(desk.session, counts_only=True)
    assert counted[0].watchlist_entries is None
    assert await PairsWatchlist.get(desk.session) == []


async def check_dry_run(desk: Desk) -> None:
    legs, credit = await desk.spread()
    order = LimitOrder(legs=legs, price=credit, time_in_force=OrderTimeInForce.DAY)
    tried = await desk.account.place_order(desk.session, order, dry_run=True)
    assert tried.order.price == credit and not tried.errors
    assert tried.buying_power_effect.is_spread and tried.buying_power_effect.change_in_buying_power < 0
    effect = await desk.account.get_order_buying_power_effect(desk.session, order)
    assert effect.new_buying_power < effect.current_buying_power
    held = await desk.account.get_positions(desk.session)
    assert legs[0].symbol not in [position.symbol for position in held], "a dry run traded"
    huge = legs[0].model_copy(update={"quantity": 1_000_000})
    await refused(
        desk.account.place_order(desk.session, LimitOrder(legs=[huge], price=Decimal("0.01"))),
        "margin_check_failed",
    )
    backwards = LimitOrder(legs=(await desk.resting()).legs, price=Decimal("5"))
    await refused(desk.account.place_order(desk.session, backwards), "cant_buy_for_credit")


async def check_place_and_cancel(desk: Desk) -> None:
    order = await desk.resting(identity="conformance-1")
    placed = (await desk.account.place_order(desk.session, order, dry_run=False)).order
    assert placed.external_identifier == "conformance-1" and placed.price == Decimal(-1)
    live = await desk.placed(placed.id, OrderStatus.LIVE)
    assert live.cancellable and live.legs[0].remaining_quantity == 10
    assert placed.id in [found.id for found in await desk.account.get_live_orders(desk.session)]
    dearer = await desk.resting("-2")
    replaced = await desk.account.replace_order(desk.session, placed.id, dearer)
    assert replaced.price == Decimal(-2) and replaced.replaces_order_id == placed.id
    await desk.placed(placed.id, OrderStatus.CANCELLED)
    await desk.account.delete_order(desk.session, replaced.id)
    gone = await desk.placed(replaced.id, OrderStatus.CANCELLED)
    assert gone.cancelled_at and gone.terminal_at and not gone.cancellable
    await refused(desk.account.delete_order(desk.session, replaced.id), "cannot_update_order")
    cancelled = await desk.account.get_order_history(desk.session, statuses=[OrderStatus.CANCELLED])
    assert {placed.id, replaced.id} <= {found.id for found in cancelled}


async def check_fill(desk: Desk) -> None:
    before = await desk.account.get_balances(desk.session)
    legs, credit = await desk.spread()
    order = LimitOrder(legs=legs, price=credit)
    placed = (await desk.account.place_order(desk.session, order, dry_run=False)).order
    assert placed.status in (OrderStatus.ROUTED, OrderStatus.RECEIVED)
    filled = await desk.placed(placed.id, OrderStatus.FILLED)
    assert filled.average_fill_price() == -credit
    positions = await desk.account.get_positions(desk.session, include_marks=True)
    held = {position.symbol: position for position in positions}
    short, long = held[legs[0].symbol], held[legs[1].symbol]
    assert (short.quantity_direction, long.quantity_direction) == ("Short", "Long")
    assert short.multiplier == 100 and short.mark_price > 0 and short.expires_at
    after = await desk.account.get_balances(desk.session)
    assert after.cash_balance - before.cash_balance == credit * 100
    trades = await desk.account.get_history(desk.session, types=["Trade"], page_offset=None)
    own = [trade for trade in trades if trade.order_id == placed.id]
    assert sum(trade.net_value for trade in own) == credit * 100 and len(own) == 2
    one = await desk.account.get_transaction(desk.session, own[0].id)
    assert one.symbol == own[0].symbol
    recent = desk.market_time - timedelta(hours=1)
    assert await desk.account.get_order_history(desk.session, start_at=recent, page_offset=None)


async def check_other_order_types(desk: Desk) -> None:
    equity = await Equity.get(desk.session, SYMBOL)
    market = MarketOrder(legs=[equity.build_leg(1, OrderAction.BUY_TO_OPEN)])
    bought = (await desk.account.place_order(desk.session, market, dry_run=False)).order
    await desk.placed(bought.id, OrderStatus.FILLED)
    stop = StopOrder(
        legs=[equity.build_leg(1, OrderAction.SELL_TO_CLOSE)],
        stop_trigger=Decimal("1"),
        time_in_force=OrderTimeInForce.GTC,
    )
    waiting = (await desk.account.place_order(desk.session, stop, dry_run=False)).order
    assert waiting.stop_trigger == 1 and waiting.time_in_force == OrderTimeInForce.GTC
    await desk.account.delete_order(desk.session, waiting.id)
    await desk.placed(waiting.id, OrderStatus.CANCELLED)


async def check_account_streamer(desk: Desk) -> None:
    async with AlertStreamer(desk.session) as streamer:
        await streamer.subscribe_accounts([desk.account])
        await streamer.subscribe_public_watchlists()
        equity = await Equity.get(desk.session, SYMBOL)
        market = MarketOrder(legs=[equity.build_leg(1, OrderAction.BUY_TO_OPEN)])
        placed = (await desk.account.place_order(desk.session, market, dry_run=False)).order
        async for order in streamer.listen(PlacedOrder):
            if order.id == placed.id and order.status == OrderStatus.FILLED:
                break
        async for position in streamer.listen(CurrentPosition):
            if position.symbol == SYMBOL:
                break
        async for balance in streamer.listen(AccountBalance):
            assert balance.account_number == ACCOUNT
            break


async def check_quote_streamer(desk: Desk) -> None:
    nested = (await NestedOptionChain.get(desk.session, SYMBOL))[0]
    strikes = nested.expirations[2].strikes
    option = strikes[len(strikes) // 2].put_streamer_symbol
    async with DXLinkStreamer(desk.session) as streamer:
        await streamer.subscribe(Quote, [SYMBOL, "SPY"])
        seen = {(await streamer.get_event(Quote)).event_symbol for _ in range(2)}
        assert seen == {SYMBOL, "SPY"}, seen
        await streamer.subscribe(Greeks, [option])
        greeks = await streamer.get_event(Greeks)
        assert greeks.event_symbol == option and -1 <= greeks.delta <= 0
        await streamer.subscribe(Trade, [SYMBOL])
        assert (await streamer.get_event(Trade)).price > 0
        await streamer.subscribe(Summary, [SYMBOL])
        assert (await streamer.get_event(Summary)).prev_day_close_price > 0
        start = desk.market_time - timedelta(days=30)
        await streamer.subscribe_candle([SYMBOL], "1d", start)
        candles = [await streamer.get_event(Candle) for _ in range(10)]
        assert all(candle.low <= candle.close <= candle.high for candle in candles if candle.close)
        await streamer.unsubscribe(Quote, ["SPY"])


CHECKS: list[tuple[str, Callable[[Desk], Awaitable[None]]]] = [
    ("a token is shared, renewed and validated", check_auth),
    ("refused credentials are told", check_refused_credentials),
    ("accounts and trading status", check_accounts),
    ("balances and positions", check_balances_and_positions),
    ("equities, paging and search", check_equities),
    ("option chains in every form", check_chains),
    ("market data by type", check_market_data),
    ("market metrics, dividends, the rate", check_metrics),
    ("watchlists", check_watchlists),
    ("order dry run and refusals", check_dry_run),
    ("placing, replacing and cancelling", check_place_and_cancel),
    ("a spread is filled and booked", check_fill),
    ("market and stop orders", check_other_order_types),
    ("the account streamer", check_account_streamer),
    ("the quote streamer", check_quote_streamer),
]


async def run(options: argparse.Namespace) -> int:
    tastytrade.session.API_URL = options.base
    tastytrade.streamer.STREAMER_URL = options.streamer
    market_time = datetime.fromisoformat(options.market_time).astimezone(timezone.utc)
    failed = 0
    async with Session("conformance-secret", "conformance-refresh-token") as session:
        desk = Desk(session, market_time)
        desk.account = await Account.get(session, ACCOUNT)
        for name, check in CHECKS:
            try:
                async with asyncio.timeout(DEADLINE):
                    await check(desk)
                print(f"ok    python: {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL  python: {name}", flush=True)
                traceback.print_exc()
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="base address of the REST API")
    parser.add_argument("--streamer", required=True, help="address of the account streamer")
    parser.add_argument("--market-time", required=True, help="the market's now, ISO 8601")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
