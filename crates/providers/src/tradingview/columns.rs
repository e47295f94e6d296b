//! The columns of the stock scanner that screening uses, with their types as the service describes them.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A number, a price in the symbol's currency, or a percentage: they compare alike.
    Number,
    /// Seconds since 1970.
    Time,
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A set of texts.
    Set,
}

/// Names and types, in alphabetical order.
const COLUMNS: &[(&str, ColumnType)] = &[
    ("ADX", ColumnType::Number),
    ("ATR", ColumnType::Number),
    ("BB.lower", ColumnType::Number),
    ("BB.upper", ColumnType::Number),
    ("CCI20", ColumnType::Number),
    ("EMA20", ColumnType::Number),
    ("EMA200", ColumnType::Number),
    ("EMA5", ColumnType::Number),
    ("EMA50", ColumnType::Number),
    ("High.1M", ColumnType::Number),
    ("High.All", ColumnType::Number),
    ("Low.1M", ColumnType::Number),
    ("MACD.macd", ColumnType::Number),
    ("MACD.signal", ColumnType::Number),
    ("Mom", ColumnType::Number),
    ("Perf.1M", ColumnType::Number),
    ("Perf.3M", ColumnType::Number),
    ("Perf.6M", ColumnType::Number),
    ("Perf.W", ColumnType::Number),
    ("Perf.Y", ColumnType::Number),
    ("Perf.YTD", ColumnType::Number),
    ("RSI", ColumnType::Number),
    ("Recommend.All", ColumnType::Number),
    ("SMA20", ColumnType::Number),
    ("SMA200", ColumnType::Number),
    ("SMA50", ColumnType::Number),
    ("Stoch.D", ColumnType::Number),
    ("Stoch.K", ColumnType::Number),
    ("VWAP", ColumnType::Number),
    ("Volatility.D", ColumnType::Number),
    ("Volatility.M", ColumnType::Number),
    ("Volatility.W", ColumnType::Number),
    ("active_symbol", ColumnType::Flag),
    ("average_volume_10d_calc", ColumnType::Number),
    ("average_volume_30d_calc", ColumnType::Number),
    ("average_volume_60d_calc", ColumnType::Number),
    ("average_volume_90d_calc", ColumnType::Number),
    ("beta_1_year", ColumnType::Number),
    ("change", ColumnType::Number),
    ("change_abs", ColumnType::Number),
    ("change_from_open", ColumnType::Number),
    ("close", ColumnType::Number),
    ("country", ColumnType::Text),
    ("currency", ColumnType::Text),
    ("description", ColumnType::Text),
    ("dividends_yield_current", ColumnType::Number),
    ("earnings_per_share_diluted_ttm", ColumnType::Number),
    ("earnings_release_date", ColumnType::Time),
    ("earnings_release_next_date", ColumnType::Time),
    ("ex_dividend_date_recent", ColumnType::Time),
    ("ex_dividend_date_upcoming", ColumnType::Time),
    ("exchange", ColumnType::Text),
    ("gap", ColumnType::Number),
    ("high", ColumnType::Number),
    ("industry", ColumnType::Text),
    ("is_primary", ColumnType::Flag),
    ("low", ColumnType::Number),
    ("market", ColumnType::Text),
    ("market_cap_basic", ColumnType::Number),
    ("name", ColumnType::Text),
    ("open", ColumnType::Number),
    ("postmarket_change", ColumnType::Number),
    ("premarket_change", ColumnType::Number),
    ("price_52_week_high", ColumnType::Number),
    ("price_52_week_low", ColumnType::Number),
    ("price_earnings_ttm", ColumnType::Number),
    ("relative_volume_10d_calc", ColumnType::Number),
    ("sector", ColumnType::Text),
    ("type", ColumnType::Text),
    ("typespecs", ColumnType::Set),
    ("update_mode", ColumnType::Text),
    ("volume", ColumnType::Number),
];

/// A column of these and of no other bar may stand behind a number column: `RSI|60`.
const BARS: [&str; 9] = ["1", "5", "15", "30", "60", "120", "240", "1W", "1M"];

/// The type of a column; none where it is not one of the known.
#[must_use]
pub fn column_type(name: &str) -> Option<ColumnType> {
    let (plain, bar) = name.split_once('|').map_or((name, None), |(plain, bar)| (plain, Some(bar)));
    let found = COLUMNS.binary_search_by_key(&plain, |(known, _)| known).ok()?;
    let kind = COLUMNS.get(found).map(|(_, kind)| *kind)?;
    match bar {
        None => Some(kind),
        Some(bar) => (kind == ColumnType::Number && BARS.contains(&bar)).then_some(kind),
    }
}

/// Every known column.
pub fn columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        assert!(COLUMNS.is_sorted_by_key(|(name, _)| *name));
        for (name, kind) in COLUMNS {
            assert_eq!(column_type(name), Some(*kind));
        }
        assert_eq!(column_type("RSI|60"), Some(ColumnType::Number));
        for unknown in ["rsi", "close ", "name|60", "RSI|7", "", "|"] {
            assert_eq!(column_type(unknown), None, "{unknown}");
        }
    }
}
