//! The calendar against exchange_calendars: every closure and early close of 1990 to 2030, and the shared reference files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{Datelike, Duration, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::test_support::{day, instant};

/// Weekday closures (`closed`) and shortened sessions (their UTC close) of XNYS 1990–2030, from exchange_calendars 4.13.2.
const EXCEPTIONS: &str = include_str!("../tests/data/xnys_exceptions_1990_2030.csv");

/// The folder of reference files that may stand beside the project.
fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from);
    let beside = || {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/oracle")).find(|folder| folder.is_dir())
    };
    let found = named.filter(|folder| folder.is_dir()).or_else(beside);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

fn rows(path: &std::path::Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

#[test]
fn every_day_of_1990_to_2030_is_as_in_exchange_calendars() {
    let exceptions: BTreeMap<NaiveDate, &str> = EXCEPTIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(',').unwrap())
        .map(|(date, what)| (day(date), what))
        .collect();
    let mut sessions = 0;
    for date in FIRST_DATE.iter_days().take_while(|date| date.year() <= 2030) {
        let weekend = date.weekday().number_from_monday() > 5;
        let exception = exceptions.get(&date).copied();
        match session(date) {
            None => {
                assert_eq!(exception.is_none(), weekend, "{date} is closed");
                assert_eq!(holiday(date).is_some(), !weekend, "{date} has a name");
            }
            Some(session) => {
                assert!(!weekend && exception != Some("closed"), "{date} is open");
                assert_eq!(session.early_close, exception.is_some(), "{date} closes early");
                if let Some(close) = exception {
                    assert_eq!(session.close, instant(close));
                } else {
                    assert_eq!(session.minutes(), 390);
                }
                assert_eq!(holiday(date), None);
                sessions += 1;
            }
        }
    }
    assert_eq!((sessions, exceptions.values().filter(|what| **what == "closed").count()), (10_322, 375));
}

#[test]
fn every_session_of_the_reference_file_has_its_instants() {
    let Some(folder) = oracle() else { return };
    let mut years = std::collections::BTreeSet::new();
    let mut expected = Vec::new();
    for row in rows(&folder.join("nyse_sessions.csv")) {
        let found = session(day(&row["date"])).unwrap();
        assert_eq!(found.open, instant(&row["open_utc"]), "{}", found.date);
        assert_eq!(found.close, instant(&row["close_utc"]), "{}", found.date);
        assert_eq!(found.early_close, row["is_early_close"] == "1", "{}", found.date);
        assert_eq!(found.minutes().to_string(), row["minutes"], "{}", found.date);
        years.insert(found.date.year());
        expected.push(found.date);
    }
    let of_years = |date: &NaiveDate| years.contains(&date.year());
    let ours: Vec<_> = FIRST_DATE
        .iter_days()
        .take_while(|date| date.year() <= 2030)
        .filter(of_years)
        .filter(|date| is_session(*date))
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn every_holiday_of_the_reference_file_has_its_name() {
    let Some(folder) = oracle() else { return };
    for row in rows(&folder.join("nyse_holidays.csv")) {
        let found = holiday(day(&row["date"])).unwrap();
        let kind = match found.kind {
            HolidayKind::Regular => "regular",
            HolidayKind::Adhoc => "adhoc",
        };
        assert_eq!((found.name, kind), (row["name"].as_str(), row["kind"].as_str()), "{}", found.date);
    }
}

#[test]
fn the_years_after_the_reference_follow_the_rules() {
    // Sundays and Saturdays of the fixed holidays, a Thursday 4 July, Good Friday.
    for closed in ["2032-12-24", "2033-07-04", "2034-01-02", "2034-06-19", "2038-04-23", "2099-11-26"] {
        assert!(holiday(day(closed)).is_some(), "{closed}");
    }
    assert!(session(day("2038-12-31")).is_some(), "1 January 2039 is a Saturday");
    assert!(session(day("2041-07-03")).unwrap().early_close, "the Wednesday before a Thursday 4 July");
}

#[test]
fn parts_of_the_day_follow_the_session() {
    let cases = [
        ("2014-06-06T07:59:59Z", None, None),
        ("2014-06-06T08:00:00Z", Some(SessionPart::Pre), None),
        ("2014-06-06T13:30:00Z", Some(SessionPart::Regular), Some(390)),
        ("2014-06-06T19:59:30Z", Some(SessionPart::Regular), Some(0)),
        ("2014-06-06T20:00:00Z", Some(SessionPart::Post), None),
        ("2014-06-06T23:59:59Z", Some(SessionPart::Post), None),
        ("2014-06-07T00:00:00Z", None, None),
        ("2014-06-07T15:00:00Z", None, None),
        // An early close: regular to 13:00, extended to 17:00.
        ("2014-07-03T16:30:00Z", Some(SessionPart::Regular), Some(30)),
        ("2014-07-03T20:59:00Z", Some(SessionPart::Post), None),
        ("2014-07-03T21:00:00Z", None, None),
        ("2014-07-04T15:00:00Z", None, None),
    ];
    for (text, part, minutes) in cases {
        let at = instant(text);
        assert_eq!((part_of_day(at), minutes_to_close(at)), (part, minutes), "{text}");
        assert_eq!(is_open(at), part == Some(SessionPart::Regular), "{text}");
    }
    // Extended hours are clock times also on the winter side of daylight saving, and after a close at 14:00.
    assert_eq!(session(day("2024-01-16")).unwrap().pre_market_open(), instant("2024-01-16T09:00:00Z"));
    assert_eq!(session(day("1991-12-24")).unwrap().post_market_close(), instant("1991-12-24T22:00:00Z"));
}

#[test]
fn neighbours_skip_what_is_closed() {
    assert_eq!(next_session(day("2001-09-10")).unwrap().date, day("2001-09-17"));
    assert_eq!(previous_session(day("2012-10-31")).unwrap().date, day("2012-10-26"));
    assert_eq!(session_on_or_before(day("2014-06-21")).unwrap().date, day("2014-06-20"));
    assert_eq!(session_on_or_after(day("2014-06-20")).unwrap().date, day("2014-06-20"));
    assert_eq!(trading_days_between(day("2014-06-06"), day("2014-06-20")), Ok(10));
    assert_eq!(trading_days_between(day("2014-06-20"), day("2014-06-06")), Ok(-10));
    assert_eq!(trading_days_between(day("2014-06-07"), day("2014-06-07")), Ok(0));
    assert!(sessions_between(day("2014-06-09"), day("2014-06-06")).unwrap().is_empty());
}

#[test]
fn unknown_years_are_said_to_be_unknown() {
    for date in [NaiveDate::MIN, day("1989-12-29"), day("2100-01-04"), NaiveDate::MAX] {
        assert!(!is_session(date) && session(date).is_none());
        assert_eq!(next_session(date), Err(CalendarError::OutOfRange(date)));
        assert_eq!(previous_session(date), Err(CalendarError::OutOfRange(date)));
        assert!(sessions_between(date, day("2024-01-02")).is_err());
        assert!(trading_days_between(day("2024-01-02"), date).is_err());
        assert!(weekly_expirations(date, date).is_err());
        assert!(last_trade_date(date, SettlementTime::Am).is_err());
    }
    assert!(previous_session(day("1990-01-02")).is_err());
    assert!(next_session(LAST_DATE).is_err());
    assert_eq!(session_of(chrono::DateTime::<chrono::Utc>::MIN_UTC), None);
    assert_eq!(part_of_day(chrono::DateTime::<chrono::Utc>::MAX_UTC), None);
    assert_eq!(
        CalendarError::OutOfRange(day("1989-12-29")).to_string(),
        "1989-12-29 lies outside the exchange calendar, which covers 1990-01-01 to 2099-12-31; ask for a date inside"
    );
}

#[test]
fn every_listed_contract_of_a_real_chain_expires_when_the_reference_says() {
    let Some(folder) = oracle() else { return };
    let (from, to) = (day("2014-06-06"), day("2016-12-31"));
    let regular: Vec<_> = expirations_between(from, to).unwrap().iter().map(|e| e.listed).collect();
    for row in rows(&folder.join("chains/aapl_20140606.csv")) {
        let listed = day(&row["expiry"]);
        let last = last_trade_date(listed, SettlementTime::Pm).unwrap();
        assert_eq!(last, day(&row["last_trade_date"]), "{listed}");
        assert_eq!(expiration_close(last), Some(instant(&row["expiry_close_utc"])), "{listed}");
        assert!(regular.contains(&listed), "{listed}");
    }
}

#[test]
fn a_session_survives_json() {
    let found = session(day("2014-07-03")).unwrap();
    let json = serde_json::to_value(found).unwrap();
    assert_eq!(json["close"], "2014-07-03T17:00:00Z");
    assert_eq!(serde_json::from_value::<Session>(json).unwrap(), found);
}

proptest! {
    #[test]
    fn next_and_previous_undo_each_other(offset in 10_i64..40_000) {
        let date = FIRST_DATE + Duration::days(offset);
        let next = next_session(date).unwrap();
        prop_assert!(next.date > date);
        prop_assert_eq!(previous_session(next.date).unwrap(), session_on_or_before(date).unwrap());
        prop_assert_eq!(trading_days_between(date, next.date), Ok(1));
        prop_assert_eq!(session_of(next.open), Some(next));
        prop_assert_eq!(next_to_open(next.open - Duration::nanoseconds(1)).unwrap(), next);
        prop_assert!(next_to_open(next.open).unwrap().date > next.date);
        prop_assert_eq!(session_of(next.post_market_close()), Some(next));
    }

    #[test]
    fn no_date_and_no_instant_panics(days in i32::MIN..i32::MAX, seconds in any::<i64>()) {
        if let Some(date) = NaiveDate::from_num_days_from_ce_opt(days) {
            let _ = (session(date), holiday(date), next_session(date), new_york_instant(date, 2, 30));
            let _ = (monthly_expiration(date.year(), date.month()), expirations_between(date, date));
        }
        if let Some(instant) = chrono::DateTime::from_timestamp(seconds, 0) {
            let _ = (part_of_day(instant), minutes_to_close(instant));
        }
    }

    #[test]
    fn a_month_has_one_monthly_on_a_session(year in 1990_i32..2099, month in 1_u32..=12) {
        let expiration = monthly_expiration(year, month).unwrap();
        prop_assert!(is_session(expiration.last_trade_date));
        prop_assert!((12..=21).contains(&expiration.last_trade_date.day()));
        prop_assert_eq!(last_trade_date(expiration.listed, SettlementTime::Pm), Ok(expiration.last_trade_date));
    }
}
