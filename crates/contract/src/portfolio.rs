//! The portfolio watch: what an account holds and measures, the rules over it, and the workflow that watches.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ttai_core::portfolio_rule::default_rules;
use ttai_core::{OptionRight, PortfolioAlert, PortfolioRule, RuleKind, Severity, Symbol, WatchState};

use crate::common::MarketSource;
use crate::entity::{Carried, EntityStatus, Keyed};
use crate::ids;
use crate::lenient::Arguments;
use crate::policy::DRILL_TASK_TIMEOUT;
use crate::queue::TaskQueue;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Most rules of one watch.
pub const MOST_RULES: usize = 200;
/// Alerts that the status keeps.
pub const RECENT_ALERTS: usize = 50;
/// Longest account number, in characters.
const LONGEST_ACCOUNT: usize = 64;

/// A sum in dollars, and the positions that it leaves out: it is complete where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortfolioSum {
    /// Dollars of what is known.
    pub amount: Decimal,
    /// What is not in it.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// A position. What is not known is null, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PortfolioPosition {
    /// The broker's symbol.
    pub symbol: String,
    /// The name for a person: `AAPL Jul 18 620 put`.
    pub name: String,
    /// What its price follows.
    pub underlying: Option<Symbol>,
    /// `shares`, `option`, or the broker's word for a kind that ttai does not trade.
    pub kind: String,
    /// Shares or contracts, negative when short.
    pub quantity: Decimal,
    /// Dollars a share at which it was opened.
    pub average_open_price: Decimal,
    /// Dollars a share that it is worth.
    pub mark: Option<Decimal>,
    /// Dollars; negative where they are owed.
    pub market_value: Option<Decimal>,
    /// Dollars won since it was opened.
    pub open_pnl: Option<Decimal>,
    /// Dollars won today.
    pub day_pnl: Option<Decimal>,
    /// Delta of one share's worth.
    pub delta: Option<f64>,
    /// Call or put.
    pub right: Option<OptionRight>,
    /// Strike in dollars.
    pub strike: Option<Decimal>,
    /// Listed expiration.
    pub expiration: Option<NaiveDate>,
    /// New York calendar days to the last trade date.
    pub dte: Option<i64>,
    /// Years of 365 days to the last session's close.
    pub years: Option<f64>,
    /// The underlying's price in dollars.
    pub underlying_price: Option<Decimal>,
    /// Continuously compounded rate, a fraction a year.
    pub rate: Option<f64>,
    /// How far in the money in percent of the underlying's price; negative out of it.
    pub moneyness_pct: Option<f64>,
    /// Whether it can be assigned early: American and settled in shares.
    pub assignable: Option<bool>,
    /// `none`, `low`, `medium` or `high`, of a short option that can be assigned.
    pub assignment_level: Option<String>,
    /// The rules behind that.
    pub assignment_flags: Vec<String>,
    /// Days to the next ex-date.
    pub days_to_ex: Option<i64>,
    /// That dividend in dollars a share.
    pub dividend: Option<Decimal>,
    /// Days to the next earnings date up to its expiration.
    pub days_to_earnings: Option<i64>,
}

/// What one group of legs asks for, by Regulation T.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StrategyMargin {
    /// The underlying.
    pub underlying: Symbol,
    /// What the legs form: `short put`, `covered call`.
    pub strategy: String,
    /// Dollars to open.
    pub initial: Decimal,
    /// Dollars to hold.
    pub maintenance: Decimal,
}

/// A symbol's or a sector's share of net liquidation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortfolioShare {
    /// The symbol or the sector.
    pub name: String,
    /// Whether it is a sector.
    pub sector: bool,
    /// Dollars at stake.
    pub amount: Decimal,
    /// Percent of net liquidation.
    pub pct: f64,
}

/// A position that ends today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiringPosition {
    /// The name for a person.
    pub name: String,
    /// Contracts, negative when short.
    pub quantity: Decimal,
    /// `in_the_money`, `pinned`, `worthless` or `unknown`.
    pub action: String,
    /// Shares that assignment or exercise would bring; negative where they leave.
    pub shares: Decimal,
    /// Dollars that it would bring; negative where they are paid.
    pub cash: Decimal,
}

/// An account: what it holds, what it is worth, how it moves and what it ties up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortfolioState {
    /// The broker's number of the account.
    pub account_id: String,
    /// The broker.
    pub broker: String,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// Where the prices are from.
    pub data_source: MarketSource,
    /// Whether the broker said what is held; else the positions are unknown, not none.
    pub positions_known: bool,
    /// Dollars that all of it is worth, by the broker.
    pub net_liquidation: Option<Decimal>,
    /// Dollars of cash.
    pub cash: Option<Decimal>,
    /// Dollars that may be spent on options.
    pub option_buying_power: Option<Decimal>,
    /// Dollars that may be spent on shares.
    pub stock_buying_power: Option<Decimal>,
    /// Dollars that the positions are worth.
    pub market_value: PortfolioSum,
    /// Dollars won since they were opened.
    pub open_pnl: PortfolioSum,
    /// Dollars won today on what is held.
    pub day_pnl: PortfolioSum,
    /// The same in percent of net liquidation; null where it is incomplete.
    pub day_pnl_percent: Option<f64>,
    /// The maintenance requirement in percent of net liquidation; null where it is not known.
    pub margin_utilization: Option<f64>,
    /// Dollars to hold the positions: the broker's figure where it gives one.
    pub maintenance_margin: PortfolioSum,
    /// Whether that is the broker's own figure; else it is Regulation T's.
    pub margin_from_broker: bool,
    /// Dollars that move with the underlyings.
    pub dollar_delta: f64,
    /// Shares of SPY that move alike.
    pub beta_weighted_delta: Option<f64>,
    /// Dollars a calendar day.
    pub theta: f64,
    /// Dollars a volatility point.
    pub vega: f64,
    /// What the Greeks leave out.
    pub greeks_missing: Vec<String>,
    /// Margin by strategy.
    pub strategies: Vec<StrategyMargin>,
    /// Shares of symbols and sectors, largest first.
    pub concentration: Vec<PortfolioShare>,
    /// What ends today.
    pub expiring: Vec<ExpiringPosition>,
    /// The positions, as the broker lists them.
    pub positions: Vec<PortfolioPosition>,
    /// When the user last changed the account, of one that is kept by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by_hand: Option<DateTime<Utc>>,
    /// Sources that failed and what is to be done, a sentence each.
    pub warnings: Vec<String>,
}

fn pnl_threshold() -> Option<f64> {
    Some(2.0)
}

fn margin_threshold() -> Option<f64> {
    Some(60.0)
}

/// Which rules watch. What is not given is as from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortfolioMonitorConfig {
    /// Today's loss in percent of net liquidation that warns (2); null or 0 for none.
    #[serde(default = "pnl_threshold", alias = "pnlAlertThreshold")]
    pub pnl_alert_threshold: Option<f64>,
    /// Maintenance requirement in percent of net liquidation that warns (60, and at 80 critically); null or 0 for none.
    #[serde(default = "margin_threshold", alias = "marginAlertThreshold")]
    pub margin_alert_threshold: Option<f64>,
    /// More rules; one for all symbols takes the place of the default ones of its kind.
    #[serde(default, alias = "alertRules", alias = "rules", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_RULES))]
    pub alert_rules: Vec<PortfolioRule>,
    /// Kinds of default rules that are off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disabled: Vec<RuleKind>,
    /// Channels for its alerts; all configured ones when empty.
    #[serde(default, alias = "notifyChannels", skip_serializing_if = "Vec::is_empty")]
    pub notify_channels: Vec<crate::common::ChannelName>,
}

impl Default for PortfolioMonitorConfig {
    fn default() -> Self {
        Self {
            pnl_alert_threshold: pnl_threshold(),
            margin_alert_threshold: margin_threshold(),
            alert_rules: Vec::new(),
            disabled: Vec::new(),
            notify_channels: Vec::new(),
        }
    }
}

/// Above this maintenance requirement, in percent of net liquidation, a warning is critical.
const CRITICAL_MARGIN: f64 = 80.0;

impl PortfolioMonitorConfig {
    /// Every rule that watches.
    #[must_use]
    pub fn rules(&self) -> Vec<PortfolioRule> {
        let replaced = |kind: RuleKind| {
            self.disabled.contains(&kind)
                || self.alert_rules.iter().any(|rule| rule.kind == kind && rule.symbol.is_none())
        };
        let mut rules: Vec<PortfolioRule> = default_rules()
            .into_iter()
            .filter(|rule| !matches!(rule.kind, RuleKind::PnlWarning | RuleKind::MarginWarning))
            .collect();
        let on = |threshold: Option<f64>| threshold.filter(|threshold| *threshold > 0.0);
        rules.extend(on(self.pnl_alert_threshold).map(|pct| PortfolioRule::new(RuleKind::PnlWarning, pct)));
        if let Some(pct) = on(self.margin_alert_threshold) {
            rules.push(PortfolioRule::new(RuleKind::MarginWarning, pct));
            let critical = PortfolioRule::new(RuleKind::MarginWarning, CRITICAL_MARGIN);
            let critical = PortfolioRule { severity: Some(Severity::Critical), ..critical };
            rules.extend((pct < CRITICAL_MARGIN).then_some(critical));
        }
        rules.retain(|rule| !replaced(rule.kind));
        rules.extend(self.alert_rules.iter().cloned());
        rules
    }
}

impl Arguments for PortfolioMonitorConfig {}

impl Validate for PortfolioMonitorConfig {
    fn validate(&self) -> Result<(), ValidationError> {
        let thresholds = [
            ("pnl_alert_threshold", self.pnl_alert_threshold),
            ("margin_alert_threshold", self.margin_alert_threshold),
        ];
        for (field, value) in thresholds.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            crate::validate::in_range(field, value, 0.0, 1_000.0)?;
        }
        if self.alert_rules.len() > MOST_RULES {
            let message = format!("{} rules exceed the maximum of {MOST_RULES}", self.alert_rules.len());
            return Err(ValidationError::new("alert_rules", message));
        }
        if self.notify_channels.len() > crate::notification::MAX_CHANNELS {
            return Err(ValidationError::new("notify_channels", "name at most 32 channels"));
        }
        for (number, rule) in self.alert_rules.iter().enumerate() {
            rule.check().map_err(|(field, problem)| {
                ValidationError::new(&format!("alert_rules[{number}].{field}"), problem)
            })?;
        }
        Ok(())
    }
}

/// Keeps an alert, a kind of alerts or a symbol quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeAlert {
    /// An alert's key, a kind (`delta_breach`) or a symbol.
    #[serde(alias = "key", alias = "symbol", alias = "type")]
    pub what: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl Arguments for SnoozeAlert {}

/// What the watch takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortfolioMessage {
    /// Other rules from now on.
    UpdateConfig(PortfolioMonitorConfig),
    /// Somebody has seen the alert with this key.
    Acknowledge(String),
    /// Quiet for a while.
    Snooze(SnoozeAlert),
}

impl Keyed for PortfolioMessage {
    /// Each of them changes nothing when it comes twice.
    fn key(&self) -> Option<String> {
        None
    }
}

/// What a watch carries from run to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PortfolioWatch {
    /// What is true, told and kept quiet.
    pub state: WatchState,
    /// The last alerts, newest first, at most 50.
    pub recent_alerts: Vec<PortfolioAlert>,
    /// Alerts whose messages are not in the ledger yet, oldest first.
    #[serde(deserialize_with = "pending_alerts")]
    pub pending: Vec<PortfolioAlert>,
    /// When the account was last looked at, in market time.
    pub last_check: Option<DateTime<Utc>>,
    /// How often it was.
    pub checks: u64,
    /// The last expiration list that was sent: its day and which of the two it was.
    pub expiry_told: Option<(NaiveDate, u8)>,
    /// Options of an account kept by hand that have expired and that the user was asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expired_told: Vec<String>,
    /// When positions were last written to the store.
    pub last_sync: Option<DateTime<Utc>>,
    /// Why the last look failed, or what it could not read.
    pub problems: Vec<String>,
}

/// Reads the pending alerts of earlier versions, too: those stood beside the channels that had yet to take them.
fn pending_alerts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PortfolioAlert>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Alert(PortfolioAlert),
        WithChannels { alert: PortfolioAlert },
    }
    let stored = Vec::<Stored>::deserialize(deserializer)?.into_iter();
    Ok(stored.map(|(Stored::Alert(alert) | Stored::WithChannels { alert })| alert).collect())
}

/// The start of a watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortfolioMonitorParams {
    /// The broker's number of the account; the first account of the first broker when empty, and `default` in the id then.
    #[serde(default, alias = "accountId")]
    pub account_id: String,
    /// The rules.
    #[serde(default)]
    pub config: PortfolioMonitorConfig,
    /// Minutes between two looks, 1 to 1,440.
    #[serde(default = "one", alias = "checkIntervalMinutes")]
    pub check_interval_minutes: u32,
    /// Whose watch it is.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// More rules, beside those of `config`.
    #[serde(default, alias = "alertRules", skip_serializing_if = "Vec::is_empty")]
    pub alert_rules: Vec<PortfolioRule>,
    /// Taken and not read. The broker says what is held; a list by hand would be wrong after the next fill, and
    /// what is not held must not be alerted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<serde_json::Value>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over; for the workflow itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<PortfolioMessage, PortfolioWatch>>,
}

fn one() -> u32 {
    1
}

impl Default for PortfolioMonitorParams {
    fn default() -> Self {
        Self {
            account_id: String::new(),
            config: PortfolioMonitorConfig::default(),
            check_interval_minutes: 1,
            user_id: UserId::default(),
            alert_rules: Vec::new(),
            positions: Vec::new(),
            drill: false,
            carried: None,
        }
    }
}

impl Arguments for PortfolioMonitorParams {
    const POSITIONAL: &'static [&'static str] = &["account_id"];
}

impl Validate for PortfolioMonitorParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_account(&self.account_id)?;
        if !(1..=1_440).contains(&self.check_interval_minutes) {
            return Err(ValidationError::new("check_interval_minutes", "use 1 to 1440 minutes"));
        }
        let all = PortfolioMonitorConfig {
            alert_rules: [self.config.alert_rules.clone(), self.alert_rules.clone()].concat(),
            ..self.config.clone()
        };
        all.validate()
    }
}

/// An account's number fits into a workflow id.
///
/// # Errors
/// One that is too long or has other characters than letters, digits and `. _ -`.
pub fn check_account(account: &str) -> Result<(), ValidationError> {
    let fits = account.len() <= LONGEST_ACCOUNT
        && account.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if fits {
        return Ok(());
    }
    Err(ValidationError::new("account_id", "use at most 64 letters, digits and . _ - only"))
}

impl WorkflowParams for PortfolioMonitorParams {
    const WORKFLOW: &'static str = "PortfolioMonitorWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = PortfolioMonitorStatus;
    type Status = PortfolioMonitorStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, _key: &str) -> String {
        let account = if self.account_id.is_empty() { "default" } else { &self.account_id };
        ids::for_user(&format!("portfolio-monitor-{account}"), &self.user_id)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        let account = if self.account_id.is_empty() { "the first account" } else { &self.account_id };
        format!("portfolio watch · {account}")
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// Where a watch is: whether it is active, its last look, the last alerts, and what else there is to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortfolioMonitorStatus {
    /// What every long-lived workflow says of itself.
    pub entity: EntityStatus,
    /// The account.
    pub account_id: String,
    /// Whether it watches: neither paused nor ended.
    pub active: bool,
    /// When the account was last looked at, as the last finished turn of the watch says.
    pub last_check: Option<DateTime<Utc>>,
    /// The last 50 alerts, newest first.
    pub recent_alerts: Vec<PortfolioAlert>,
    /// What is true now.
    pub active_alerts: Vec<String>,
    /// The rules.
    pub config: PortfolioMonitorConfig,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// One stretch of watching.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchPortfolioParams {
    /// The account.
    pub account_id: String,
    /// Whose.
    pub user_id: UserId,
    /// The rules.
    pub config: PortfolioMonitorConfig,
    /// Minutes between two looks.
    pub check_interval_minutes: u32,
    /// Where the last stretch ended.
    pub watch: PortfolioWatch,
    /// What this stretch is called: by this name it is recalled.
    #[serde(default)]
    pub stretch: String,
}

/// Which stretch of watching is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallPortfolioParams {
    /// The account.
    pub account_id: String,
    /// Whose.
    pub user_id: UserId,
    /// The stretch.
    pub stretch: String,
}

/// That a recall is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallReceipt {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lenient;

    #[test]
    fn the_seeds_shapes_are_read() {
        let seed: PortfolioMonitorParams = lenient::read(vec![json!({
            "account_id": "5WX34382", "config": {"pnl_alert_threshold": 3, "margin_alert_threshold": null}
        })])
        .unwrap();
        assert_eq!((seed.check_interval_minutes, seed.id("k").as_str()), (1, "portfolio-monitor-5WX34382"));
        let rules = seed.config.rules();
        assert!(rules.iter().any(|rule| rule.kind == RuleKind::PnlWarning && rule.threshold == 3.0));
        assert!(!rules.iter().any(|rule| rule.kind == RuleKind::MarginWarning));
        let of_002: PortfolioMonitorParams = lenient::read(vec![json!({
            "userId": "ann", "accountId": "A1", "alertRules": [{"type": "price_below", "symbol": "AAPL", "threshold": 90}]
        })])
        .unwrap();
        assert_eq!(of_002.id("k"), "portfolio-monitor-A1/ann");
        assert_eq!(of_002.alert_rules[0].kind, RuleKind::PriceBelow);
    }

    #[test]
    fn rules_are_replaced_added_and_switched_off() {
        let config: PortfolioMonitorConfig = serde_json::from_value(json!({
            "rules": [{"type": "delta_breach", "threshold": 0.4}, {"type": "dte_warning", "symbol": "AAPL", "threshold": 3}],
            "disabled": ["ex_dividend"], "pnl_alert_threshold": 0
        }))
        .unwrap();
        let thresholds = |kind: RuleKind| -> Vec<f64> {
            config.rules().iter().filter(|rule| rule.kind == kind).map(|rule| rule.threshold).collect()
        };
        assert_eq!(thresholds(RuleKind::DeltaBreach), [0.4]);
        assert_eq!(thresholds(RuleKind::DteWarning), [21.0, 7.0, 3.0]);
        assert_eq!(thresholds(RuleKind::MarginWarning), [60.0, 80.0]);
        assert!(thresholds(RuleKind::ExDividend).is_empty() && thresholds(RuleKind::PnlWarning).is_empty());
    }

    #[test]
    fn alerts_that_an_earlier_version_had_on_their_way_are_still_told() {
        let alert = json!({
            "key": "delta_breach/XYZ/0.5", "type": "delta_breach", "symbol": "XYZ", "severity": "warning", "message": "tested",
            "value": 0.6, "threshold": 0.5, "timestamp": "2014-06-06T20:00:00Z", "cleared": false
        });
        let before = json!({"alert": alert, "channels": ["desk"], "may_repeat": true});
        let watch: PortfolioWatch = serde_json::from_value(json!({"pending": [before, alert]})).unwrap();
        assert_eq!((watch.pending.len(), watch.pending[0].clone()), (2, watch.pending[1].clone()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let params = |value| serde_json::from_value::<PortfolioMonitorParams>(value).unwrap().validate();
        assert_eq!(params(json!({"account_id": "a/b"})).unwrap_err().field, "account_id");
        assert_eq!(params(json!({"check_interval_minutes": 0})).unwrap_err().field, "check_interval_minutes");
        let rule = json!({"alert_rules": [{"type": "delta_breach", "threshold": -1}]});
        assert_eq!(params(rule).unwrap_err().field, "alert_rules[0].threshold");
    }
}
