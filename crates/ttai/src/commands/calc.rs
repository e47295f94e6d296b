//! `ttai calc`: the numbers, one JSON object a line, or for one question by flags.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};
use serde_json::{Map, Value, json};

use crate::output;

/// `ttai calc`.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, reads one JSON object per line from standard input and prints one result line for each;\n  \
                  a line that fails is answered with its error, and the exit code is then 1:\n  \
                  echo '{\"op\": \"session\", \"date\": \"2014-07-03\"}' | ttai calc\n\
                  `op` is one of european, american, implied_vol, chain, select, strategy, margin, assignment_risk, indicator, levels, session, portfolio, wheel."
)]
pub struct CalcArgs {
    /// One question by flags.
    #[command(subcommand)]
    pub question: Option<Question>,
    /// Print the JSON Schema of requests and results.
    #[arg(long)]
    pub schema: bool,
}

/// The questions that a person asks by flags.
#[derive(Clone, Debug, Subcommand)]
pub enum Question {
    /// Price and Greeks of a European option.
    European(OptionFlags),
    /// Price and Greeks of an American option, with a dividend yield or cash dividends.
    American(OptionFlags),
    /// Implied volatility of a price.
    ImpliedVol(ImpliedVolFlags),
    /// When the exchange opens and closes on a date.
    Session(SessionFlags),
    /// How likely a short option is to be assigned.
    AssignmentRisk(AssignmentFlags),
}

/// The terms that all options have.
#[derive(Clone, Debug, Args)]
pub struct PricingArgs {
    /// `call` or `put`.
    #[arg(long)]
    right: String,
    /// Price of the underlying.
    #[arg(long, allow_negative_numbers = true)]
    spot: String,
    /// Strike.
    #[arg(long, allow_negative_numbers = true)]
    strike: String,
    /// Continuously compounded rate, a fraction per year (0.05 is 5 %).
    #[arg(long, default_value = "0", allow_negative_numbers = true)]
    rate: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Time to expiration.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Time {
    /// Years of 365 days to expiration.
    #[arg(long, allow_negative_numbers = true)]
    years: Option<String>,
    /// Calendar days to expiration.
    #[arg(long, allow_negative_numbers = true)]
    days: Option<String>,
}

/// `ttai calc european` and `ttai calc american`.
#[derive(Clone, Debug, Args)]
pub struct OptionFlags {
    #[command(flatten)]
    terms: PricingArgs,
    #[command(flatten)]
    time: Time,
    /// Volatility, a fraction per year (0.3 is 30 %).
    #[arg(long)]
    volatility: String,
    /// Continuous dividend yield, a fraction per year.
    #[arg(long = "yield", value_name = "YIELD", allow_negative_numbers = true)]
    dividend_yield: Option<String>,
    /// Cash dividends as day:cash;day:cash, days from now to the ex-date (American only).
    #[arg(long)]
    dividends: Option<String>,
}

/// `ttai calc implied-vol`.
#[derive(Clone, Debug, Args)]
pub struct ImpliedVolFlags {
    #[command(flatten)]
    terms: PricingArgs,
    #[command(flatten)]
    time: Time,
    /// The option's price.
    #[arg(long, allow_negative_numbers = true)]
    price: String,
    /// Continuous dividend yield, a fraction per year.
    #[arg(long = "yield", value_name = "YIELD", allow_negative_numbers = true)]
    dividend_yield: Option<String>,
    /// `american` or `european`.
    #[arg(long, default_value = "american")]
    style: String,
}

/// `ttai calc session`.
#[derive(Clone, Debug, Args)]
pub struct SessionFlags {
    /// A date such as 2014-07-03.
    date: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// `ttai calc assignment-risk`.
#[derive(Clone, Debug, Args)]
pub struct AssignmentFlags {
    #[command(flatten)]
    terms: PricingArgs,
    /// What the option is worth, in dollars per share.
    #[arg(long)]
    mark: String,
    /// Calendar days to the last trade date.
    #[arg(long)]
    dte: String,
    /// Calendar days to the next ex-date.
    #[arg(long)]
    days_to_ex: Option<String>,
    /// That dividend, in dollars per share.
    #[arg(long)]
    dividend: Option<String>,
}

/// Answers standard input line by line, or one question. Every line is answered; one that failed makes the exit code 1.
///
/// # Errors
/// Standard input or output that cannot be read or written, a question that has no answer.
pub fn run(args: CalcArgs) -> anyhow::Result<ExitCode> {
    if args.schema {
        output::json(&ttai_calc::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    match args.question {
        None => stream(),
        Some(question) => ask(&question),
    }
}

fn stream() -> anyhow::Result<ExitCode> {
    match ttai_calc::answer_lines(io::stdin().lock(), io::stdout().lock()) {
        // Whoever reads the answers has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        outcome => {
            let summary = outcome.context("the requests could not be read or answered")?;
            Ok(if summary.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn ask(question: &Question) -> anyhow::Result<ExitCode> {
    let (request, as_json) = question.request();
    let answer = ttai_calc::evaluate(request)?;
    if as_json {
        output::line(&serde_json::to_string(&Value::Object(answer))?);
    } else {
        output::line(&table(&answer));
    }
    Ok(ExitCode::SUCCESS)
}

impl Question {
    /// The request as a line would have it, and whether JSON is wanted.
    fn request(&self) -> (Map<String, Value>, bool) {
        match self {
            Self::European(flags) => flags.request("european"),
            Self::American(flags) => flags.request("american"),
            Self::ImpliedVol(flags) => {
                let fields = json!({
                    "op": "implied_vol", "price": flags.price, "style": flags.style,
                    "years": flags.time.years, "days": flags.time.days, "yield": flags.dividend_yield,
                });
                (flags.terms.with(fields), flags.terms.json)
            }
            Self::Session(flags) => (object(json!({"op": "session", "date": flags.date})), flags.json),
            Self::AssignmentRisk(flags) => {
                let fields = json!({
                    "op": "assignment_risk", "mark": flags.mark, "dte": flags.dte,
                    "days_to_ex": flags.days_to_ex, "dividend": flags.dividend,
                });
                (flags.terms.with(fields), flags.terms.json)
            }
        }
    }
}

impl OptionFlags {
    fn request(&self, op: &str) -> (Map<String, Value>, bool) {
        let fields = json!({
            "op": op, "years": self.time.years, "days": self.time.days, "volatility": self.volatility,
            "yield": self.dividend_yield, "dividends": self.dividends,
        });
        (self.terms.with(fields), self.terms.json)
    }
}

impl PricingArgs {
    fn with(&self, fields: Value) -> Map<String, Value> {
        let own = json!({"right": self.right, "spot": self.spot, "strike": self.strike, "rate": self.rate});
        let mut all = object(own);
        all.extend(object(fields));
        all
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What a field measures, for people.
const UNITS: [(&str, &str); 20] = [
    ("price", "currency of the spot, a share"),
    ("delta", "per 1.00 of the spot"),
    ("gamma", "delta per 1.00 of the spot"),
    ("vega", "per 1.00 of volatility (÷ 100: a volatility point)"),
    ("theta_year", "per year"),
    ("theta_day", "per calendar day"),
    ("rho", "per 1.00 of the rate (÷ 100: a percentage point)"),
    ("divrho", "per 1.00 of the dividend yield"),
    ("iv", "fraction a year"),
    ("intrinsic", "dollars a share"),
    ("extrinsic", "dollars a share"),
    ("minutes", "minutes"),
    ("open_ny", "New York"),
    ("close_ny", "New York"),
    ("open_utc", "UTC"),
    ("close_utc", "UTC"),
    ("pre_market_open_utc", "UTC"),
    ("post_market_close_utc", "UTC"),
    ("utc_offset_open", "New York at the opening"),
    ("is_early_close", "1 yes, 0 no"),
];

fn table(answer: &Map<String, Value>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(["", "value", "unit"]);
    let place = |name: &str| UNITS.iter().position(|(known, _)| *known == name).unwrap_or(UNITS.len());
    let mut fields: Vec<(&String, &Value)> = answer.iter().collect();
    fields.sort_by_key(|(name, _)| place(name));
    for (name, value) in fields {
        let unit = UNITS.iter().find(|(known, _)| known == name).map_or("", |(_, unit)| *unit);
        table.add_row([name.as_str(), &cell(value), unit]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => format!("{float:.6}"),
            _ => number.to_string(),
        },
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
