"""tradingview-screener against a simulated scanner: its queries are built, sent and read by its own code."""

import json
import sys
import traceback

import tradingview_screener.query as query_module
from requests import HTTPError
from tradingview_screener import And, Or, Query, col

with open(sys.argv[1]) as endpoints:
    BASE = json.loads(endpoints.readline())["tradingview"]
# The only change: where the scanner is.
query_module.URL = BASE + "/{market}/scan"

EVERYTHING = 9


def default_query_answers_with_its_own_columns():
    count, rows = Query().get_scanner_data()
    # The default screener is of stocks and funds that are no ETFs.
    assert 0 < count < EVERYTHING and len(rows) == count, (count, rows)
    assert list(rows.columns)[:3] == ["ticker", "name", "close"]
    assert rows["market_cap_basic"].is_monotonic_decreasing
    assert set(rows["type"]) == {"stock"} and set(rows["sector.tr"].dropna()) == set(rows["sector"].dropna())


def everything(*columns):
    query = Query().select(*columns)
    query.query.pop("filter")
    query.query.pop("filter2")
    return query


def limit_and_offset_are_a_range():
    whole = everything("name").order_by("name").get_scanner_data()[1]
    assert len(whole) == EVERYTHING
    part = everything("name").order_by("name").offset(2).limit(5).get_scanner_data()
    assert part[0] == EVERYTHING and list(part[1]["name"]) == list(whole["name"])[2:5]
    try:
        Query().limit(-5).get_scanner_data()
    except HTTPError:
        return
    raise AssertionError("a negative limit was answered")


def rows_are_ordered_and_nulls_stand_where_they_are_wanted():
    assert everything("close").order_by("close").get_scanner_data()[1]["close"].is_monotonic_increasing
    assert everything("close").order_by("close", ascending=False).get_scanner_data()[1]["close"].is_monotonic_decreasing
    first = everything("sector").order_by("sector", nulls_first=True).get_scanner_data()[1]["sector"].isna()
    assert first.is_monotonic_decreasing and first.any()
    last = everything("sector").order_by("sector", nulls_first=False).get_scanner_data()[1]["sector"].isna()
    assert last.is_monotonic_increasing


def percentages_of_another_column():
    columns = everything("close", "price_52_week_low", "SMA50")
    count, _ = columns.copy().select("close").where(col("price_52_week_low").above_pct("price_52_week_low", 1)).get_scanner_data()
    assert count == 0, count
    above = columns.where(col("close").above_pct("price_52_week_low", 1.1)).get_scanner_data()[1]
    assert len(above) and (above["close"] > above["price_52_week_low"] * 1.1).all()
    below = columns.where(col("close").below_pct("price_52_week_low", 1.1)).get_scanner_data()[1]
    assert (below["close"] < below["price_52_week_low"] * 1.1).all()
    inside = columns.where(col("close").between_pct("SMA50", 0.9, 1.05)).get_scanner_data()[1]
    outside = columns.where(col("close").not_between_pct("SMA50", 0.9, 1.05)).get_scanner_data()[1]
    assert inside["close"].between(inside["SMA50"] * 0.9, inside["SMA50"] * 1.05).all()
    assert len(inside) + len(outside) == EVERYTHING


def comparisons_with_numbers_and_columns():
    columns = ("name", "close", "EMA20", "volume", "RSI")
    low = everything(*columns).where(col("close") < 50).get_scanner_data()[1]
    high = everything(*columns).where(col("close") >= 50).get_scanner_data()[1]
    assert (low["close"] < 50).all() and (high["close"] >= 50).all() and len(low) + len(high) == EVERYTHING
    rising = everything(*columns).where(col("close") > col("EMA20")).get_scanner_data()[1]
    assert (rising["close"] > rising["EMA20"]).all()
    between = everything(*columns).where(col("RSI").between(30, 70), col("volume") > 1_000_000).get_scanner_data()[1]
    assert between["RSI"].between(30, 70).all() and (between["volume"] > 1_000_000).all()
    assert everything(*columns).where(col("name") == "AAPL").get_scanner_data()[0] == 1
    assert everything(*columns).where(col("name") != "AAPL").get_scanner_data()[0] == EVERYTHING - 1


def texts_sets_and_gaps():
    count = lambda condition: everything("name").where(condition).get_scanner_data()[0]
    assert count(col("name").isin(["AAPL", "F", "nobody"])) == 2
    assert count(col("name").not_in(["AAPL", "F"])) == EVERYTHING - 2
    assert count(col("description").like("aapl")) == 1 and count(col("description").not_like("aapl")) == EVERYTHING - 1
    assert count(col("typespecs").has(["etf", "reit"])) == 1
    assert count(col("typespecs").has_none_of(["etf"])) == EVERYTHING - 1
    assert count(col("market_cap_basic").empty()) == 1 and count(col("market_cap_basic").not_empty()) == EVERYTHING - 1


def days_from_today():
    soon = everything("name").where(col("earnings_release_next_date").in_day_range(0, 14)).get_scanner_data()[1]
    assert list(soon["name"]) == ["TSLA"], soon
    weeks = everything("name").where(col("earnings_release_next_date").in_week_range(0, 2)).get_scanner_data()[1]
    assert "TSLA" in set(weeks["name"])
    assert everything("name").where(col("earnings_release_next_date").in_month_range(0, 12)).get_scanner_data()[0] == EVERYTHING - 1


def and_or_nested():
    tree = And(
        Or(
            And(col("type") == "stock", col("typespecs").has(["common"])),
            And(col("type") == "fund", col("typespecs").has_none_of(["etf"])),
        ),
        col("close") < 50,
    )
    query = Query().select("name", "type", "close").where2(tree)
    count, rows = query.get_scanner_data()
    assert count > 0 and set(rows["type"]) == {"stock"} and (rows["close"] < 50).all()


def tickers_and_markets():
    count, rows = Query().select("name", "market").set_tickers("NASDAQ:TSLA", "NYSE:F", "NYSE:NOBODY").get_scanner_data()
    assert count == 2 and set(rows["ticker"]) == {"NASDAQ:TSLA", "NYSE:F"}, rows
    assert Query().set_markets("italy").get_scanner_data()[0] == 0
    assert Query().set_markets("america", "italy").get_scanner_data()[0] > 0


def unknown_fields_are_refused_in_the_services_words():
    try:
        Query().select("change.5").get_scanner_data()
    except HTTPError as error:
        assert 'Unknown field \\"change.5\\"' in str(error), error
    else:
        raise AssertionError("an unknown field was answered")
    assert Query().select("change.5").set_property("ignore_unknown_fields", True).get_scanner_data()[0] > 0
    try:
        Query().select("name").where(col("close") == "Buy").get_scanner_data()
    except HTTPError as error:
        assert "Incompatible types" in str(error), error
    else:
        raise AssertionError("incompatible types were answered")


def the_second_version_of_the_protocol():
    query = everything("close", "volume").limit(3)
    query.url = BASE + "/america/scan2"
    count, rows = query.get_scanner_data()
    assert count == EVERYTHING and list(rows.columns) == ["ticker", "close", "volume"] and len(rows) == 3


CHECKS = [
    default_query_answers_with_its_own_columns,
    limit_and_offset_are_a_range,
    rows_are_ordered_and_nulls_stand_where_they_are_wanted,
    percentages_of_another_column,
    comparisons_with_numbers_and_columns,
    texts_sets_and_gaps,
    days_from_today,
    and_or_nested,
    tickers_and_markets,
    unknown_fields_are_refused_in_the_services_words,
    the_second_version_of_the_protocol,
]

passed = failed = 0
for check in CHECKS:
    try:
        check()
        passed += 1
        print(f"  ok    {check.__name__}")
    except Exception:
        failed += 1
        print(f"  FAIL  {check.__name__}")
        traceback.print_exc()
print(f"tradingview: {passed} passed, {failed} failed")
sys.exit(failed > 0)
