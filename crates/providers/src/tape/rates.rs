//! The discounting rate by date: the Federal Reserve's primary credit rate less half a percentage point.
//!
//! The primary credit rate stands 50 basis points above the upper end of the federal funds target range (100 from 2003 to
//! August 2007), so the difference follows the market's short rate. Source: Board of Governors of the Federal Reserve
//! System, release H.15 and "Historical changes of the discount rate". Before 2003 the adjustment credit rate stood below
//! the market, and is taken as it is.

use chrono::NaiveDate;
use ttai_ports::RiskFreeRate;

/// Percent deducted from the primary credit rate.
const DEDUCTION: f64 = 0.5;

/// First day of primary credit, 9 January 2003, as year, month, day.
const PRIMARY_CREDIT_FROM: (i32, u32, u32) = (2003, 1, 9);

/// Year, month and day from which a rate in percent holds, oldest first.
const RATES: [(i32, u32, u32, f64); 96] = [
    (1990, 1, 1, 7.0),
    (1990, 12, 19, 6.5),
    (1991, 2, 1, 6.0),
    (1991, 4, 30, 5.5),
    (1991, 9, 13, 5.0),
    (1991, 11, 6, 4.5),
    (1991, 12, 20, 3.5),
    (1992, 7, 2, 3.0),
    (1994, 5, 17, 3.5),
    (1994, 8, 16, 4.0),
    (1994, 11, 15, 4.75),
    (1995, 2, 1, 5.25),
    (1996, 1, 31, 5.0),
    (1998, 10, 15, 4.75),
    (1998, 11, 17, 4.5),
    (1999, 8, 24, 4.75),
    (1999, 11, 16, 5.0),
    (2000, 2, 2, 5.25),
    (2000, 3, 21, 5.5),
    (2000, 5, 16, 6.0),
    (2001, 1, 3, 5.75),
    (2001, 1, 4, 5.5),
    (2001, 1, 31, 5.0),
    (2001, 3, 20, 4.5),
    (2001, 4, 18, 4.0),
    (2001, 5, 15, 3.5),
    (2001, 6, 27, 3.25),
    (2001, 8, 21, 3.0),
    (2001, 9, 17, 2.5),
    (2001, 10, 2, 2.0),
    (2001, 11, 6, 1.5),
    (2001, 12, 11, 1.25),
    (2002, 11, 6, 0.75),
    (2003, 1, 9, 2.25),
    (2003, 6, 26, 2.0),
    (2004, 7, 1, 2.25),
    (2004, 8, 11, 2.5),
    (2004, 9, 22, 2.75),
    (2004, 11, 12, 3.0),
    (2004, 12, 15, 3.25),
    (2005, 2, 3, 3.5),
    (2005, 3, 23, 3.75),
    (2005, 5, 4, 4.0),
    (2005, 7, 1, 4.25),
    (2005, 8, 10, 4.5),
    (2005, 9, 21, 4.75),
    (2005, 11, 2, 5.0),
    (2005, 12, 14, 5.25),
    (2006, 2, 1, 5.5),
    (2006, 3, 29, 5.75),
    (2006, 5, 11, 6.0),
    (2006, 6, 30, 6.25),
    (2007, 8, 20, 5.75),
    (2007, 9, 19, 5.25),
    (2007, 11, 1, 5.0),
    (2007, 12, 12, 4.75),
    (2008, 1, 23, 4.0),
    (2008, 1, 31, 3.5),
    (2008, 3, 17, 3.25),
    (2008, 3, 19, 2.5),
    (2008, 5, 1, 2.25),
    (2008, 10, 9, 1.75),
    (2008, 10, 30, 1.25),
    (2008, 12, 17, 0.5),
    (2010, 2, 19, 0.75),
    (2015, 12, 17, 1.0),
    (2016, 12, 15, 1.25),
    (2017, 3, 16, 1.5),
    (2017, 6, 15, 1.75),
    (2017, 12, 14, 2.0),
    (2018, 3, 22, 2.25),
    (2018, 6, 14, 2.5),
    (2018, 9, 27, 2.75),
    (2018, 12, 20, 3.0),
    (2019, 8, 1, 2.75),
    (2019, 9, 19, 2.5),
    (2019, 10, 31, 2.25),
    (2020, 3, 4, 1.75),
    (2020, 3, 16, 0.25),
    (2022, 3, 17, 0.5),
    (2022, 5, 5, 1.0),
    (2022, 6, 16, 1.75),
    (2022, 7, 28, 2.5),
    (2022, 9, 22, 3.25),
    (2022, 11, 3, 4.0),
    (2022, 12, 15, 4.5),
    (2023, 2, 2, 4.75),
    (2023, 3, 23, 5.0),
    (2023, 5, 4, 5.25),
    (2023, 7, 27, 5.5),
    (2024, 9, 19, 5.0),
    (2024, 11, 8, 4.75),
    (2024, 12, 19, 4.5),
    (2025, 9, 18, 4.25),
    (2025, 10, 30, 4.0),
    (2025, 12, 11, 3.75),
];

/// The rate in force on a New York date; none before 1990.
pub(super) fn risk_free_rate(date: NaiveDate) -> Option<RiskFreeRate> {
    let (since, percent) = RATES.iter().rev().find_map(|&(year, month, day, percent)| {
        let start = NaiveDate::from_ymd_opt(year, month, day)?;
        (start <= date).then_some((start, percent))
    })?;
    let (year, month, day) = PRIMARY_CREDIT_FROM;
    let is_primary = NaiveDate::from_ymd_opt(year, month, day).is_some_and(|first| since >= first);
    let (percent, source) = if is_primary {
        let source =
            format!("Federal Reserve primary credit rate {percent}% (since {since}) less {DEDUCTION}");
        (percent - DEDUCTION, source)
    } else {
        (percent, format!("Federal Reserve discount rate {percent}% (since {since})"))
    };
    Some(RiskFreeRate { continuous: percent / 100.0, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(year: i32, month: u32, day: u32) -> Option<f64> {
        risk_free_rate(NaiveDate::from_ymd_opt(year, month, day)?).map(|rate| rate.continuous)
    }

    #[test]
    fn follows_the_table_by_date() {
        assert_eq!(rate(2014, 6, 6), Some(0.0025));
        assert_eq!(rate(2015, 12, 16), Some(0.0025));
        assert_eq!(rate(2015, 12, 17), Some(0.005));
        assert_eq!(rate(2002, 12, 31), Some(0.0075));
        assert_eq!(rate(1989, 12, 31), None);
        let june = risk_free_rate(NaiveDate::from_ymd_opt(2014, 6, 6).unwrap()).unwrap();
        assert_eq!(june.source, "Federal Reserve primary credit rate 0.75% (since 2010-02-19) less 0.5");
    }

    #[test]
    fn the_table_is_in_order_and_has_real_dates() {
        let dates: Vec<_> = RATES
            .iter()
            .map(|&(year, month, day, _)| NaiveDate::from_ymd_opt(year, month, day).unwrap())
            .collect();
        assert!(dates.is_sorted());
    }
}
