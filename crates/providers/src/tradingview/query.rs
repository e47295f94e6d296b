//! The scanner's query language: columns, filters joined by and, filters joined by any tree of and and or, one sorting, a
//! range. A query that is built is one that the service understands: columns and types are checked first.

use serde::Serialize;
use serde_json::{Value, json};
use ttai_ports::PortError;

use super::columns::{ColumnType, column_type};
use super::error::invalid;

/// Rows that one query may ask for.
pub const MOST_ROWS: u32 = 1_000;
/// Conditions within conditions.
const MAX_DEPTH: usize = 8;
/// Values in a list.
const MOST_VALUES: usize = 200;

/// What a filter does with its column and its right side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FilterOperation {
    /// Above a number or another column.
    #[serde(rename = "greater")]
    Greater,
    /// At or above.
    #[serde(rename = "egreater")]
    AtLeast,
    /// Below.
    #[serde(rename = "less")]
    Less,
    /// At or below.
    #[serde(rename = "eless")]
    AtMost,
    /// The same.
    #[serde(rename = "equal")]
    Equal,
    /// Not the same.
    #[serde(rename = "nequal")]
    NotEqual,
    /// Between two numbers, both included; for a text, one of a list.
    #[serde(rename = "in_range")]
    InRange,
    /// Not between two numbers; for a text, none of a list.
    #[serde(rename = "not_in_range")]
    NotInRange,
    /// Contains a text, capitals or not.
    #[serde(rename = "match")]
    Match,
    /// Does not contain a text.
    #[serde(rename = "nmatch")]
    NotMatch,
    /// A set has one of a list.
    #[serde(rename = "has")]
    Has,
    /// A set has none of a list.
    #[serde(rename = "has_none_of")]
    HasNoneOf,
    /// Nothing is known.
    #[serde(rename = "empty")]
    Empty,
    /// Something is known.
    #[serde(rename = "nempty")]
    NotEmpty,
    /// Above a column times a number: `["VWAP", 1.03]`.
    #[serde(rename = "above%")]
    AbovePercent,
    /// Below a column times a number.
    #[serde(rename = "below%")]
    BelowPercent,
    /// Within so many days from today: `[0, 7]`.
    #[serde(rename = "in_day_range")]
    InDayRange,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filter {
    left: String,
    operation: FilterOperation,
    right: Value,
}

impl Filter {
    /// A condition on a column.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an unknown column, or an operation or right side that its type does not have.
    pub fn new(left: &str, operation: FilterOperation, right: Value) -> Result<Self, PortError> {
        let kind = known(left)?;
        if fits(kind, operation, &right) {
            return Ok(Self { left: left.to_owned(), operation, right });
        }
        let right = right.to_string().chars().take(80).collect::<String>();
        Err(invalid(format!("the column '{left}' ({kind:?}) has no {operation:?} with {right}")))
    }
}

/// Conditions under and, or.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One.
    Is(Filter),
    /// Every one of them.
    All(Vec<Condition>),
    /// One of them at least.
    Any(Vec<Condition>),
}

impl Condition {
    fn depth(&self) -> usize {
        match self {
            Self::Is(_) => 1,
            Self::All(inner) | Self::Any(inner) => 1 + inner.iter().map(Self::depth).max().unwrap_or(0),
        }
    }

    fn operand(&self) -> Value {
        match self {
            Self::Is(filter) => json!({ "expression": filter }),
            Self::All(_) | Self::Any(_) => json!({ "operation": self.operation() }),
        }
    }

    fn operation(&self) -> Value {
        let (operator, inner) = match self {
            Self::Is(_) => ("and", vec![self.operand()]),
            Self::All(inner) => ("and", inner.iter().map(Self::operand).collect()),
            Self::Any(inner) => ("or", inner.iter().map(Self::operand).collect()),
        };
        json!({ "operator": operator, "operands": inner })
    }
}

/// A whole query.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanQuery {
    columns: Vec<String>,
    filters: Vec<Filter>,
    condition: Option<Condition>,
    sort: Option<(String, bool)>,
    range: (u32, u32),
}

impl ScanQuery {
    /// The columns to answer with.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an unknown column.
    pub fn select(columns: &[&str]) -> Result<Self, PortError> {
        for column in columns {
            known(column)?;
        }
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Ok(Self { columns, filters: Vec::new(), condition: None, sort: None, range: (0, 50) })
    }

    /// One more condition that must hold.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// A tree of conditions that must hold too.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for a tree deeper than eight.
    pub fn condition(mut self, condition: Condition) -> Result<Self, PortError> {
        if condition.depth() > MAX_DEPTH {
            return Err(invalid(format!("conditions are nested deeper than {MAX_DEPTH}")));
        }
        self.condition = Some(condition);
        Ok(self)
    }

    /// The order of the rows.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an unknown column.
    pub fn sort_by(mut self, column: &str, ascending: bool) -> Result<Self, PortError> {
        known(column)?;
        self.sort = Some((column.to_owned(), ascending));
        Ok(self)
    }

    /// The rows from one number to before another.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an empty range or more than a thousand rows.
    pub fn range(mut self, from: u32, to: u32) -> Result<Self, PortError> {
        if to <= from || to - from > MOST_ROWS {
            return Err(invalid(format!("a query answers 1 to {MOST_ROWS} rows, not {from} to {to}")));
        }
        self.range = (from, to);
        Ok(self)
    }

    /// How many columns a row has.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The body that the service is sent.
    pub(super) fn body(&self, market: &str) -> Value {
        let mut body = json!({
            "markets": [market],
            "symbols": {},
            "options": { "lang": "en" },
            "columns": self.columns,
            "filter": self.filters,
            "range": [self.range.0, self.range.1],
            "ignore_unknown_fields": false,
        });
        if let Some(condition) = &self.condition {
            body["filter2"] = condition.operation();
        }
        if let Some((column, ascending)) = &self.sort {
            let order = if *ascending { "asc" } else { "desc" };
            body["sort"] = json!({ "sortBy": column, "sortOrder": order, "nullsFirst": false });
        }
        body
    }
}

fn known(column: &str) -> Result<ColumnType, PortError> {
    column_type(column).ok_or_else(|| {
        let column: String = column.chars().take(80).collect();
        invalid(format!("'{column}' is no known column of the stock scanner"))
    })
}

fn fits(kind: ColumnType, operation: FilterOperation, right: &Value) -> bool {
    use FilterOperation as Op;
    let is_numeric = matches!(kind, ColumnType::Number | ColumnType::Time);
    match operation {
        Op::Empty | Op::NotEmpty => right.is_null(),
        Op::Greater | Op::AtLeast | Op::Less | Op::AtMost => is_numeric && is_amount(right),
        Op::Equal | Op::NotEqual => match kind {
            ColumnType::Number | ColumnType::Time => is_amount(right),
            ColumnType::Text => right.is_string(),
            ColumnType::Flag => right.is_boolean(),
            ColumnType::Set => false,
        },
        Op::InRange | Op::NotInRange => match kind {
            ColumnType::Text => is_texts(right),
            ColumnType::Number | ColumnType::Time => {
                pair(right).is_some_and(|(low, high)| is_amount(low) && is_amount(high))
            }
            ColumnType::Flag | ColumnType::Set => false,
        },
        Op::Match | Op::NotMatch => kind == ColumnType::Text && right.is_string(),
        Op::Has | Op::HasNoneOf => kind == ColumnType::Set && is_texts(right),
        Op::AbovePercent | Op::BelowPercent => {
            kind == ColumnType::Number
                && pair(right).is_some_and(|(column, times)| is_column(column) && times.is_number())
        }
        Op::InDayRange => {
            kind == ColumnType::Time && pair(right).is_some_and(|(from, to)| from.is_i64() && to.is_i64())
        }
    }
}

/// A number, or the name of a column that holds one.
fn is_amount(value: &Value) -> bool {
    value.is_number() || is_column(value)
}

fn is_column(value: &Value) -> bool {
    value
        .as_str()
        .and_then(column_type)
        .is_some_and(|kind| matches!(kind, ColumnType::Number | ColumnType::Time))
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|list| {
        !list.is_empty() && list.len() <= MOST_VALUES && list.iter().all(Value::is_string)
    })
}

fn pair(value: &Value) -> Option<(&Value, &Value)> {
    match value.as_array()?.as_slice() {
        [first, second] => Some((first, second)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("close", FilterOperation::AtLeast, json!(5), true)]
    #[case("close", FilterOperation::Greater, json!("VWAP"), true)]
    #[case("close", FilterOperation::Greater, json!("sector"), false)]
    #[case("close", FilterOperation::Match, json!("5"), false)]
    #[case("close", FilterOperation::InRange, json!([5, 50]), true)]
    #[case("close", FilterOperation::InRange, json!([5]), false)]
    #[case("close", FilterOperation::AbovePercent, json!(["VWAP", 1.03]), true)]
    #[case("type", FilterOperation::InRange, json!(["stock", "dr"]), true)]
    #[case("type", FilterOperation::InRange, json!([]), false)]
    #[case("type", FilterOperation::Less, json!(1), false)]
    #[case("typespecs", FilterOperation::HasNoneOf, json!(["etf"]), true)]
    #[case("typespecs", FilterOperation::Equal, json!("etf"), false)]
    #[case("is_primary", FilterOperation::Equal, json!(true), true)]
    #[case("is_primary", FilterOperation::Equal, json!("true"), false)]
    #[case("earnings_release_next_date", FilterOperation::InDayRange, json!([0, 7]), true)]
    #[case("sector", FilterOperation::NotEmpty, Value::Null, true)]
    #[case("cloze", FilterOperation::Greater, json!(5), false)]
    fn only_what_the_service_understands_is_a_filter(
        #[case] left: &str,
        #[case] operation: FilterOperation,
        #[case] right: Value,
        #[case] good: bool,
    ) {
        assert_eq!(Filter::new(left, operation, right).is_ok(), good);
    }

    #[test]
    fn a_query_is_written_as_the_service_reads_it() {
        let cheap = Filter::new("close", FilterOperation::Less, json!(50)).unwrap();
        let stock = Filter::new("type", FilterOperation::Equal, json!("stock")).unwrap();
        let fund = Filter::new("type", FilterOperation::Equal, json!("fund")).unwrap();
        let query = ScanQuery::select(&["name", "close"])
            .unwrap()
            .filter(cheap)
            .condition(Condition::Any(vec![Condition::Is(stock), Condition::All(vec![Condition::Is(fund)])]))
            .unwrap()
            .sort_by("volume", false)
            .unwrap()
            .range(0, 10)
            .unwrap();
        assert_eq!(
            query.body("america"),
            json!({
                "markets": ["america"], "symbols": {}, "options": {"lang": "en"}, "columns": ["name", "close"],
                "filter": [{"left": "close", "operation": "less", "right": 50}],
                "filter2": {"operator": "or", "operands": [
                    {"expression": {"left": "type", "operation": "equal", "right": "stock"}},
                    {"operation": {"operator": "and", "operands": [{"expression": {"left": "type", "operation": "equal", "right": "fund"}}]}},
                ]},
                "sort": {"sortBy": "volume", "sortOrder": "desc", "nullsFirst": false},
                "range": [0, 10], "ignore_unknown_fields": false,
            })
        );
    }

    #[test]
    fn bounds_are_kept() {
        let query = ScanQuery::select(&["name"]).unwrap();
        assert!(query.clone().range(5, 5).is_err() && query.clone().range(0, 1_001).is_err());
        assert!(query.clone().sort_by("nothing", true).is_err() && ScanQuery::select(&["nothing"]).is_err());
        let mut deep = Condition::All(Vec::new());
        for _ in 0..10 {
            deep = Condition::All(vec![deep]);
        }
        assert!(query.condition(deep).is_err());
    }
}
