//! Conditions of the query language. Null fits nothing but `empty`.

use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use serde_json::Value;
use ttai_calendar::new_york_date;

use super::Refusal;
use super::columns::{Table, is_known};

/// `{"left": "close", "operation": "greater", "right": 5}`
#[derive(Deserialize)]
pub(super) struct Expression {
    left: String,
    operation: Operation,
    #[serde(default)]
    right: Value,
}

#[derive(Clone, Copy, Deserialize)]
enum Operation {
    #[serde(rename = "greater")]
    Greater,
    #[serde(rename = "egreater")]
    AtLeast,
    #[serde(rename = "less")]
    Less,
    #[serde(rename = "eless")]
    AtMost,
    #[serde(rename = "equal")]
    Equal,
    #[serde(rename = "nequal")]
    NotEqual,
    #[serde(rename = "in_range")]
    InRange,
    #[serde(rename = "not_in_range")]
    NotInRange,
    #[serde(rename = "match", alias = "smatch")]
    Match,
    #[serde(rename = "nmatch")]
    NotMatch,
    #[serde(rename = "has")]
    Has,
    #[serde(rename = "has_none_of")]
    HasNoneOf,
    #[serde(rename = "empty")]
    Empty,
    #[serde(rename = "nempty")]
    NotEmpty,
    #[serde(rename = "above%")]
    Above,
    #[serde(rename = "below%")]
    Below,
    #[serde(rename = "in_range%")]
    InRangePercent,
    #[serde(rename = "not_in_range%")]
    NotInRangePercent,
    #[serde(rename = "in_day_range")]
    InDays,
    #[serde(rename = "in_week_range")]
    InWeeks,
    #[serde(rename = "in_month_range")]
    InMonths,
    /// Crossings need the bar before, which a table of the present does not have.
    #[serde(rename = "crosses", alias = "crosses_above", alias = "crosses_below")]
    Crosses,
}

/// `{"operator": "and", "operands": [{"expression": …}, {"operation": …}]}`
#[derive(Deserialize)]
pub(super) struct Tree {
    operator: Operator,
    #[serde(default)]
    operands: Vec<Operand>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    And,
    Or,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operand {
    Expression(Expression),
    Operation(Tree),
}

/// Whether every condition holds.
pub(super) fn all(expressions: &[Expression], table: &Table, now: DateTime<Utc>) -> Result<bool, Refusal> {
    for expression in expressions {
        if !expression.holds(table, now)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Tree {
    pub(super) fn holds(&self, table: &Table, now: DateTime<Utc>) -> Result<bool, Refusal> {
        let ends_at = matches!(self.operator, Operator::Or);
        for operand in &self.operands {
            let holds = match operand {
                Operand::Expression(expression) => expression.holds(table, now)?,
                Operand::Operation(tree) => tree.holds(table, now)?,
            };
            if holds == ends_at {
                return Ok(ends_at);
            }
        }
        Ok(!ends_at)
    }

    pub(super) fn columns(&self) -> Vec<&str> {
        let named = self.operands.iter().flat_map(|operand| match operand {
            Operand::Expression(expression) => vec![expression.column()],
            Operand::Operation(tree) => tree.columns(),
        });
        named.collect()
    }
}

impl Expression {
    pub(super) fn column(&self) -> &str {
        &self.left
    }

    fn holds(&self, table: &Table, now: DateTime<Utc>) -> Result<bool, Refusal> {
        use Operation as Op;
        let left = table.value(&self.left);
        if matches!(self.operation, Op::Crosses) {
            return Err(Refusal("could not process request: the simulation knows no crossings".to_owned()));
        }
        // Types are checked whatever the row holds.
        let amounts = self.amounts(&left, table)?;
        match self.operation {
            Op::Empty => return Ok(left.is_null()),
            Op::NotEmpty => return Ok(!left.is_null()),
            _ if left.is_null() => return Ok(false),
            _ => {}
        }
        let number = left.as_f64();
        let with = |index: usize| number.zip(amounts.get(index).copied().flatten());
        let between = |low: usize, high: usize| {
            with(low).is_some_and(|(left, low)| left >= low)
                && with(high).is_some_and(|(left, high)| left <= high)
        };
        Ok(match self.operation {
            Op::Greater => with(0).is_some_and(|(left, right)| left > right),
            Op::AtLeast => with(0).is_some_and(|(left, right)| left >= right),
            Op::Less => with(0).is_some_and(|(left, right)| left < right),
            Op::AtMost => with(0).is_some_and(|(left, right)| left <= right),
            Op::Equal => self.equals(&left, &amounts),
            Op::NotEqual => !self.equals(&left, &amounts),
            Op::InRange | Op::NotInRange => {
                let inside = if number.is_some() { between(0, 1) } else { self.lists(&left) };
                inside == matches!(self.operation, Op::InRange)
            }
            Op::Match => self.contains(&left),
            Op::NotMatch => !self.contains(&left),
            Op::Has => self.shares(&left),
            Op::HasNoneOf => !self.shares(&left),
            Op::Above => with(0).is_some_and(|(left, bound)| left > bound),
            Op::Below => with(0).is_some_and(|(left, bound)| left < bound),
            Op::InRangePercent => between(0, 1),
            Op::NotInRangePercent => !between(0, 1),
            Op::InDays | Op::InWeeks | Op::InMonths => self.is_near(&left, now),
            Op::Empty | Op::NotEmpty | Op::Crosses => false,
        })
    }

    /// The right side as numbers, names of columns replaced by what they hold; for the percentages the bounds themselves.
    fn amounts(&self, left: &Value, table: &Table) -> Result<Vec<Option<f64>>, Refusal> {
        use Operation as Op;
        let list = match &self.right {
            Value::Array(list) => list.as_slice(),
            other => std::slice::from_ref(other),
        };
        let amount = |value: &Value| match value {
            Value::String(name) if is_known(name) => Ok(table.value(name).as_f64()),
            Value::String(_) if left.is_number() => {
                Err(Refusal("could not process request: Incompatible types: number and null".to_owned()))
            }
            other => Ok(other.as_f64()),
        };
        let amounts: Vec<Option<f64>> = list.iter().map(amount).collect::<Result<_, _>>()?;
        if !matches!(self.operation, Op::Above | Op::Below | Op::InRangePercent | Op::NotInRangePercent) {
            return Ok(amounts);
        }
        let of = amounts.first().copied().flatten();
        // A missing second percentage leaves that side open.
        let bound = |times: Option<f64>| of.zip(times).map(|(of, times)| of * times);
        let high = amounts.get(2).copied().flatten();
        Ok(vec![bound(amounts.get(1).copied().flatten()), Some(bound(high).unwrap_or(f64::INFINITY))])
    }

    fn equals(&self, left: &Value, amounts: &[Option<f64>]) -> bool {
        match left.as_f64() {
            Some(left) => amounts.first().copied().flatten() == Some(left),
            None => *left == self.right,
        }
    }

    fn lists(&self, left: &Value) -> bool {
        self.right.as_array().is_some_and(|list| list.contains(left))
    }

    fn contains(&self, left: &Value) -> bool {
        let (Some(text), Some(part)) = (left.as_str(), self.right.as_str()) else { return false };
        text.to_lowercase().contains(&part.to_lowercase())
    }

    fn shares(&self, left: &Value) -> bool {
        let wanted = match &self.right {
            Value::Array(list) => list.as_slice(),
            other => std::slice::from_ref(other),
        };
        left.as_array().is_some_and(|set| set.iter().any(|value| wanted.contains(value)))
    }

    /// Whether a time lies so many days, weeks or months from today.
    fn is_near(&self, left: &Value, now: DateTime<Utc>) -> bool {
        let bounds: Vec<i64> = self
            .right
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_i64).collect())
            .unwrap_or_default();
        let (&[from, to], Some(at)) =
            (bounds.as_slice(), left.as_i64().and_then(|time| DateTime::from_timestamp(time, 0)))
        else {
            return false;
        };
        let (today, date) = (new_york_date(now), new_york_date(at));
        let days = (date - today).num_days();
        let monday = |date: chrono::NaiveDate| {
            date - chrono::Days::new(u64::from(date.weekday().num_days_from_monday()))
        };
        let distance = match self.operation {
            Operation::InDays => days,
            Operation::InWeeks => (monday(date) - monday(today)).num_days() / 7,
            _ => {
                i64::from(date.year() - today.year()) * 12 + i64::from(date.month())
                    - i64::from(today.month())
            }
        };
        (from..=to).contains(&distance)
    }
}
