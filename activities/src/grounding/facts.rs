//! The facts that a model was given, and the check of its text against them.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde_json::Value;
use ttai_contract::Evidence;
use ttai_core::NEW_YORK;

use super::extract::{Atom, Mention, mentions};

/// Deepest JSON that is walked; what lies deeper is no fact.
const DEEPEST: usize = 32;
/// Of a rounded number the error may be this part of the fact, so that 0.4 is not told as 0.
const ROUNDING: f64 = 0.1;

/// A number with its name.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    name: String,
    value: f64,
    source: String,
}

/// Everything that a model was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    numbers: Vec<Known>,
    dates: BTreeSet<NaiveDate>,
    minutes: BTreeSet<u32>,
    names: BTreeSet<String>,
}

/// What a text's numbers rest on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Grounding {
    /// The numbers that are facts, as evidence.
    pub(crate) evidence: Vec<Evidence>,
    /// The ones that are not, as printed, each once.
    pub(crate) ungrounded: Vec<String>,
}

impl Facts {
    /// Takes every number, date and name of `value`, its keys and the lengths of its lists; `source` says whose they are.
    pub(crate) fn add(&mut self, source: &str, value: &Value) {
        self.walk(source, "", value, 0);
    }

    /// Takes what a text mentions.
    pub(crate) fn add_text(&mut self, source: &str, text: &str) {
        self.take_text(source, "text", text);
    }

    /// Whether the numbers of `text` are facts.
    pub(crate) fn check(&self, text: &str) -> Grounding {
        let mut grounding = Grounding::default();
        for mention in mentions(text) {
            match self.bear_out(&mention) {
                Some(evidence) => {
                    for entry in evidence {
                        if !grounding.evidence.contains(&entry) {
                            grounding.evidence.push(entry);
                        }
                    }
                }
                None if grounding.ungrounded.contains(&mention.text) => {}
                None => grounding.ungrounded.push(mention.text),
            }
        }
        grounding
    }

    fn walk(&mut self, source: &str, name: &str, value: &Value, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.number(source, name, number.as_f64()),
            Value::String(text) => self.string(source, name, text),
            Value::Array(items) => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                self.number(source, &format!("count of {name}"), Some(f64::from(count)));
                for item in items {
                    self.walk(source, name, item, depth + 1);
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields {
                    self.key(source, key);
                    self.walk(source, key, field, depth + 1);
                }
            }
        }
    }

    fn number(&mut self, source: &str, name: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.numbers.push(Known { name: name.to_owned(), value, source: source.to_owned() });
        }
    }

    /// `sma_20` is a name, and 20 is its period.
    fn key(&mut self, source: &str, key: &str) {
        if key.chars().any(|c| c.is_ascii_digit()) {
            self.names
                .insert(key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase());
            for digits in key.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
                self.number(source, key, digits.parse().ok());
            }
        }
    }

    /// A number, a date or a moment written as a string, else a text.
    fn string(&mut self, source: &str, name: &str, text: &str) {
        if let Ok(moment) = text.parse::<DateTime<Utc>>() {
            self.moment(moment);
        } else if let Ok(number) = text.trim().parse::<f64>() {
            self.number(source, name, Some(number));
        } else {
            self.take_text(source, name, text);
        }
    }

    fn moment(&mut self, moment: DateTime<Utc>) {
        let local = moment.with_timezone(&NEW_YORK);
        self.dates.extend([moment.date_naive(), local.date_naive()]);
        self.minutes.extend([moment.hour() * 60 + moment.minute(), local.hour() * 60 + local.minute()]);
    }

    fn take_text(&mut self, source: &str, name: &str, text: &str) {
        for atom in mentions(text).into_iter().flat_map(|mention| mention.readings).flatten() {
            match atom {
                Atom::Number { value, .. } => self.number(source, name, Some(value)),
                Atom::Date { year: Some(year), month, day } => {
                    self.dates.extend(NaiveDate::from_ymd_opt(year, month, day));
                }
                Atom::Time { minutes } => {
                    self.minutes.insert(minutes);
                }
                Atom::Name(word) => {
                    self.names.insert(word);
                }
                Atom::Date { year: None, .. } | Atom::Month { .. } | Atom::Unreadable => {}
            }
        }
    }

    /// The evidence of the first reading whose every atom is a fact.
    fn bear_out(&self, mention: &Mention) -> Option<Vec<Evidence>> {
        mention.readings.iter().find_map(|reading| {
            let found: Option<Vec<Option<Evidence>>> =
                reading.iter().map(|atom| self.fact_of(atom, &mention.text)).collect();
            found.map(|found| found.into_iter().flatten().collect())
        })
    }

    /// None where no fact fits; some evidence where the fact is a number.
    fn fact_of(&self, atom: &Atom, text: &str) -> Option<Option<Evidence>> {
        let known = |holds: bool| holds.then_some(None);
        match atom {
            Atom::Number { value, tolerance, of } => self.number_of(*value, *tolerance, *of, text).map(Some),
            Atom::Date { year, month, day } => known(self.dates.iter().any(|date| {
                date.month() == *month && date.day() == *day && year.is_none_or(|year| date.year() == year)
            })),
            Atom::Month { year, month } => {
                known(self.dates.iter().any(|date| date.month() == *month && date.year() == *year))
            }
            Atom::Time { minutes } => known(self.minutes.contains(minutes)),
            Atom::Name(name) => known(self.names.contains(name)),
            Atom::Unreadable => None,
        }
    }

    /// The fact nearest to a printed number, or the year of a date.
    fn number_of(&self, value: f64, tolerance: f64, of: f64, text: &str) -> Option<Evidence> {
        let as_printed = |known: &Known| {
            let readings =
                if of > 1.0 { [known.value, known.value * of] } else { [known.value, known.value] };
            let distance = |fact: f64| {
                let away = (fact.abs() - value).abs();
                (away <= tolerance * (1.0 + 1e-9) && is_rounding(fact.abs(), away, tolerance))
                    .then_some((away, fact))
            };
            readings.into_iter().filter_map(distance).min_by(|a, b| a.0.total_cmp(&b.0))
        };
        let nearest = self
            .numbers
            .iter()
            .filter_map(|known| as_printed(known).map(|(away, fact)| (away, fact, known)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, fact, known)) = nearest {
            return Some(Evidence {
                name: known.name.clone(),
                value: fact,
                text: text.to_owned(),
                source: known.source.clone(),
            });
        }
        let year = self.dates.iter().find(|date| (f64::from(date.year()) - value).abs() < f64::EPSILON)?;
        let (name, source) = ("year".to_owned(), "dates of the facts".to_owned());
        Some(Evidence { name, value: f64::from(year.year()), text: text.to_owned(), source })
    }
}

/// Whether a printed number `away` from a fact tells it: exactly, with two digits after the point, or within a tenth.
fn is_rounding(fact: f64, away: f64, tolerance: f64) -> bool {
    away < 1e-9 || tolerance < 0.01 || away <= ROUNDING * fact
}
