"""A Python client that knows only the wire names: it starts FullAnalysisWorkflow with plain JSON and reads the answer
into the dataclasses of shared_types.py, which it uses as they stand.

Each check prints one line, `ok` or `FAIL`; the exit code is 1 when one failed. Every call has a deadline."""

import argparse
import asyncio
import dataclasses
import math
import os
import re
import sys
import traceback
import types
import typing
import uuid
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError

from shared_types import ChartAnalysisResult, FullAnalysisResult

WORKFLOW = "FullAnalysisWorkflow"
QUEUE = "analysis-queue"
CALL = timedelta(seconds=15)
RUN_SECONDS = 120

SNAKE = {
    "symbol": "NVDA",
    "strategy": "covered_call",
    "user_id": "ann",
    "include_chart_image": False,
    "analysis_depth": "quick",
    "constraints": {"max_delta": 0.2, "min_roc": 0.1, "dte_min": 20, "dte_max": 60, "min_open_interest": 10},
    "account": {"account_type": "margin", "capital": 50000},
    "position": {"shares": 200, "cost_basis": 10.5},
}
CAMEL = {
    "symbol": "NVDA",
    "strategy": "coveredCall",
    "userId": "ann",
    "includeChartImage": False,
    "analysisDepth": "quick",
    "constraints": {"maxDelta": 0.2, "minRoc": 0.1, "dteMin": 20, "dteMax": 60, "minOpenInterest": 10},
    "account": {"accountType": "margin", "capital": 50000},
    "position": {"shares": 200, "costBasis": 10.5},
}


class Desk:
    """The client, with a deadline on everything."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def start(self, *args: object, **options: typing.Any) -> WorkflowHandle:
        workflow_id = f"analysis-conformance-{uuid.uuid4()}"
        return await self.client.start_workflow(
            WORKFLOW, args=args, id=workflow_id, task_queue=QUEUE, rpc_timeout=CALL, **options
        )

    async def raw(self, handle: WorkflowHandle) -> dict:
        """The answer as JSON says it."""
        untyped = self.client.get_workflow_handle(handle.id)
        return await asyncio.wait_for(untyped.result(), RUN_SECONDS)

    async def analyse(self, params: dict) -> tuple[FullAnalysisResult, dict]:
        """The answer as the dataclasses hold it, and as JSON says it."""
        handle = await self.start(params, result_type=FullAnalysisResult)
        typed = await asyncio.wait_for(handle.result(), RUN_SECONDS)
        return typed, await self.raw(handle)

    async def refused(self, *args: object) -> ApplicationError:
        """The failure of a run that must not succeed."""
        handle = await self.start(*args)
        try:
            answer = await asyncio.wait_for(handle.result(), RUN_SECONDS)
        except WorkflowFailureError as failure:
            assert isinstance(failure.cause, ApplicationError), f"the cause is {failure.cause!r}"
            return failure.cause
        raise AssertionError(f"was answered: {str(answer)[:200]}")


def assert_declared(value: typing.Any, raw: dict, where: str) -> None:
    """Every field has exactly its declared type and is what the JSON says, in the JSON's own type."""
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(value):
        path = f"{where}.{field.name}"
        assert field.name in raw, f"{path} is not in the JSON"
        held, sent = getattr(value, field.name), raw[field.name]
        declared = allowed_types(hints[field.name])
        assert type(held) in declared, f"{path} is {held!r}, declared {hints[field.name]}"
        if dataclasses.is_dataclass(held):
            assert_declared(held, sent, path)
        else:
            # The SDK turns 5.0 into 5 where an int is declared: the JSON has to have the right type by itself.
            assert type(sent) is type(held), f"{path} is {sent!r} in the JSON, read as {held!r}"
            assert sent == held, f"{path}: {sent!r} is not {held!r}"
        if isinstance(held, float):
            assert math.isfinite(held), f"{path} is {held}"
        if isinstance(held, list):
            assert all(type(entry) is dict for entry in held), f"{path} has entries that are no objects"


def allowed_types(hint: typing.Any) -> tuple[type, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(kind for part in typing.get_args(hint) for kind in allowed_types(part))
    return (typing.get_origin(hint) or hint,)


def assert_chart(chart: ChartAnalysisResult) -> None:
    assert chart.recommendation in ("bullish", "bearish", "neutral", "reject"), chart.recommendation
    assert chart.trend_direction in ("up", "down", "sideways"), chart.trend_direction
    assert chart.trend_quality in ("strong", "moderate", "weak"), chart.trend_quality
    assert chart.extension_risk in ("low", "moderate", "high"), chart.extension_risk
    assert chart.chart_notes.strip() and chart.tool_calls_made == 0
    for level in chart.support_levels + chart.resistance_levels:
        assert type(level["price"]) is float and level["price"] > 0, level
        assert level["strength"] in ("weak", "moderate", "strong") and type(level["type"]) is str, level
    for zone in chart.fib_confluence_zones:
        assert type(zone["price"]) is float and all(type(name) is str for name in zone["levels"]), zone


def assert_story(result: FullAnalysisResult) -> None:
    """The stages that ran fit the verdict."""
    verdict = result.overall_recommendation
    assert verdict in ("reject", "watchlist", "select", "strong_select"), verdict
    assert result.chart_analysis is not None
    assert_chart(result.chart_analysis)
    if verdict == "reject":
        assert result.reject_reason, "a reject without a reason"
        stage, _, why = result.reject_reason.partition(": ")
        assert stage in ("Chart", "Options", "Research") and why, result.reject_reason
        ran = {"Chart": 1, "Options": 2, "Research": 3}[stage]
        stages = [result.chart_analysis, result.options_analysis, result.research_analysis]
        assert [s is not None for s in stages] == [n < ran for n in range(3)], f"{stage} rejected, ran {stages}"
        return
    assert result.reject_reason is None
    assert result.options_analysis is not None and result.research_analysis is not None
    assert result.synthesized_rationale and result.suggested_position is not None
    options, position = result.options_analysis, result.suggested_position
    assert options.best_strike == position["strike"] and options.dte == position["dte"]
    assert options.best_expiration and re.fullmatch(r"\d{4}-\d\d-\d\d", options.best_expiration)
    assert options.delta is not None and abs(options.delta) <= 0.30 and 14 <= (options.dte or 0) <= 45
    assert options.alternative_strikes and all(other["reason"] for other in options.alternative_strikes)
    # Percent per 7 days at the bid, for a cash-secured put on the strike.
    roc = 100 * position["bid"] / position["strike"] * 7 / position["dte"]
    assert options.weekly_roc is not None and math.isclose(options.weekly_roc, roc, rel_tol=1e-6), (options, roc)
    assert math.isclose(position["breakeven"], position["strike"] - position["bid"], abs_tol=1e-6), position


async def every_symbol_reads_into_the_dataclasses(desk: Desk, args: argparse.Namespace) -> None:
    answers = await asyncio.gather(*(desk.analyse({"symbol": symbol}) for symbol in args.symbols))
    for symbol, (result, raw) in zip(args.symbols, answers):
        assert type(result) is FullAnalysisResult and result.symbol == symbol
        assert_declared(result, raw, symbol)
        assert_story(result)
    finished = [result for result, _ in answers if result.suggested_position is not None]
    assert finished, "no symbol went through all stages"


async def snake_case_and_camel_case_are_the_same_request(desk: Desk, args: argparse.Namespace) -> None:
    (snake, snake_raw), (camel, camel_raw) = await asyncio.gather(desk.analyse(SNAKE), desk.analyse(CAMEL))
    assert snake_raw == camel_raw and snake == camel, "the two spellings were answered differently"
    assert snake_raw["strategy"] == "covered_call"
    assert snake_raw["chart_analysis"]["chart_image"] is None, "an image was drawn that nobody asked for"
    if snake.options_analysis is not None and snake.options_analysis.best_strike is not None:
        assert 20 <= (snake.options_analysis.dte or 0) <= 60, snake.options_analysis
        assert abs(snake.options_analysis.delta or 1) <= 0.2, snake.options_analysis


async def the_run_is_labelled_with_the_user_and_the_symbol(desk: Desk, args: argparse.Namespace) -> None:
    handle = await desk.start({"symbol": args.symbols[0].lower(), "userId": "ann"})
    answer = await desk.raw(handle)
    description = await handle.describe(rpc_timeout=CALL)
    labels = {name: values[0] for name, values in description.search_attributes.items()}
    assert labels["TtaiUser"] == "ann" and labels["TtaiSymbol"] == args.symbols[0], labels
    assert labels["TtaiStrategy"] == "csp" and labels["TtaiOutcome"] == answer["overall_recommendation"], labels


async def the_status_query_says_where_the_run_is(desk: Desk, args: argparse.Namespace) -> None:
    handle = await desk.start({"symbol": args.symbols[0]})
    await desk.raw(handle)
    status = await handle.query("status", rpc_timeout=CALL)
    assert status["symbol"] == args.symbols[0] and type(status["working_ms"]) is int, status
    names = [stage["stage"] for stage in status["stages"]]
    assert names == ["chart", "options", "research", "synthesis", "save"], names
    assert status["stages"][0]["state"] in ("done", "rejected"), status
    assert status["stages"][-1]["state"] == "done", status


async def a_cancelled_run_ends_cancelled_with_what_was_done(desk: Desk, args: argparse.Namespace) -> None:
    # The delay makes sure that the cancellation is there before the run can end.
    handle = await desk.start({"symbol": args.symbols[0]}, start_delay=timedelta(seconds=2))
    await handle.cancel(rpc_timeout=CALL)
    try:
        await asyncio.wait_for(handle.result(), RUN_SECONDS)
    except WorkflowFailureError as failure:
        assert isinstance(failure.cause, CancelledError), repr(failure.cause)
        details = failure.cause.details
        assert details and details[0]["overall_recommendation"] == "incomplete", details
        assert details[0]["symbol"] == args.symbols[0], details
        return
    raise AssertionError("a cancelled run was answered")


async def facts_of_the_recorded_market_are_reproduced(desk: Desk, args: argparse.Namespace) -> None:
    params = {"symbol": "AAPL", "as_of": "2014-06-06T19:00:00Z"}
    result, raw = await desk.analyse(params)
    assert_declared(result, raw, "AAPL")
    assert_story(result)
    assert result.overall_recommendation == "watchlist", result.overall_recommendation
    chart, options = result.chart_analysis, result.options_analysis
    assert chart and options and result.suggested_position
    assert (chart.trend_direction, chart.extension_risk) == ("up", "high"), chart
    atr = raw["chart_analysis"]["atr"]
    for wanted, levels in ((622.50, chart.support_levels), (705.07, chart.resistance_levels)):
        assert any(abs(level["price"] - wanted) <= atr / 2 for level in levels), (wanted, levels)
    assert options.best_strike == 630.0 and options.dte == 14, options
    assert result.suggested_position["last_trade_date"] == "2014-06-20", result.suggested_position
    assert result.suggested_position["bid"] == 5.05, result.suggested_position
    assert options.weekly_roc and abs(options.weekly_roc - 0.4008) < 5e-5, options.weekly_roc
    assert abs(result.suggested_position["probability_of_profit"] - 0.7735) < 5e-4, result.suggested_position
    camel, camel_raw = await desk.analyse({"symbol": "AAPL", "asOf": "2014-06-06T15:00:00-04:00"})
    assert camel == result and camel_raw == raw, "the same moment in another zone was answered differently"


class Refusal(typing.NamedTuple):
    """A request that must fail: its arguments, the failure's type, and what its message has to name."""

    name: str
    args: tuple
    kind: str
    names: str


REFUSALS = [
    Refusal("dte_min above dte_max", ({"symbol": "AAPL", "constraints": {"dte_min": 50, "dte_max": 20}},),
            "ValidationError", "dte_min"),
    Refusal("camelCase dteMin above dteMax", ({"symbol": "AAPL", "constraints": {"dteMin": 50, "dteMax": 20}},),
            "ValidationError", "dte_min"),
    Refusal("a negative delta", ({"symbol": "AAPL", "constraints": {"max_delta": -0.3}},),
            "ValidationError", "max_delta"),
    Refusal("a number for a symbol", ({"symbol": 5},), "ValidationError", "string"),
    Refusal("a text for a number", ({"symbol": "AAPL", "constraints": {"max_delta": "low"}},),
            "ValidationError", "low"),
    Refusal("a text for the constraints", ({"symbol": "AAPL", "constraints": "tight"},), "ValidationError", "tight"),
    Refusal("a misspelt field", ({"symbol": "AAPL", "constraints": {"max_dleta": 0.3}},),
            "ValidationError", "max_dleta"),
    Refusal("an unknown strategy", ({"symbol": "AAPL", "strategy": "naked_call"},), "ValidationError", "naked_call"),
    Refusal("a missing symbol", ({},), "ValidationError", "symbol"),
    Refusal("a bare text", ("AAPL",), "ValidationError", "no JSON object"),
    Refusal("null", (None,), "ValidationError", "no argument was sent"),
    Refusal("no argument", (), "ValidationError", "no argument"),
    Refusal("two arguments", ({"symbol": "AAPL"}, {"symbol": "SPY"}), "ValidationError", "2 arguments"),
    Refusal("a symbol that is no ticker", ({"symbol": "A L"},), "InvalidSymbolError", "A L"),
    Refusal("an empty symbol", ({"symbol": ""},), "InvalidSymbolError", "symbol"),
    Refusal("a symbol that the market does not have", ({"symbol": "ZZZZ"},), "InvalidSymbolError", "ZZZZ"),
]


def refusal(case: Refusal) -> typing.Callable:
    async def check(desk: Desk, args: argparse.Namespace) -> None:
        error = await desk.refused(*case.args)
        assert error.type == case.kind, f"{error.type}: {error.message}"
        assert error.non_retryable, "the failure says that trying again may help"
        assert case.names in error.message, error.message

    check.__name__ = f"{case.name} is refused as {case.kind}"
    return check


BUNDLED_MARKET = [
    every_symbol_reads_into_the_dataclasses,
    snake_case_and_camel_case_are_the_same_request,
    the_run_is_labelled_with_the_user_and_the_symbol,
    the_status_query_says_where_the_run_is,
    a_cancelled_run_ends_cancelled_with_what_was_done,
    *map(refusal, REFUSALS),
]
RECORDED_MARKET = [facts_of_the_recorded_market_are_reproduced]


def reason(error: Exception) -> str:
    """One line; of a failed run what it failed with."""
    cause = error.cause if isinstance(error, WorkflowFailureError) else error
    return f"{type(cause).__name__}: {cause}".replace("\n", " ")[:400]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--symbols", type=lambda text: text.split(","), default=["NVDA"])
    parser.add_argument("--recorded", action="store_true", help="the market is the recorded one of June 2014")
    args = parser.parse_args()
    desk = Desk(await asyncio.wait_for(Client.connect(args.address), CALL.total_seconds()))
    failed = 0
    for check in RECORDED_MARKET if args.recorded else BUNDLED_MARKET:
        name = check.__name__.replace("_", " ")
        try:
            await check(desk, args)
            print(f"ok    python: {name}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAIL  python: {name}: {reason(error)}", flush=True)
            traceback.print_exc(file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads are never joined. One that returns from a call while the interpreter is being torn down
    # aborts the process ("PyGILState_Release: thread state … must be current when releasing"), after every check has passed.
    os._exit(code)
