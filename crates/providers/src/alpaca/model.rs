//! What Alpaca's REST answers look like. Only the fields that are used; every number may be a string.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ttai_ports::PortError;

use super::PROVIDER;
use super::number::{LooseNumber, optional};
use super::rows::{NamedRows, ReadableRows};

/// Reads one answer. The parser behind every endpoint, kept apart for whoever feeds it with nonsense.
///
/// # Errors
/// [`PortError::Corrupt`] with what does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PortError> {
    serde_json::from_slice(bytes)
        .map_err(|error| PortError::Corrupt { provider: PROVIDER.to_owned(), detail: error.to_string() })
}

/// `GET /v2/clock`
#[derive(Clone, Debug, Deserialize)]
pub struct Clock {
    /// The market's time.
    pub timestamp: DateTime<Utc>,
    /// Whether the regular session is on.
    pub is_open: bool,
    /// The next open.
    pub next_open: DateTime<Utc>,
    /// The next close.
    pub next_close: DateTime<Utc>,
}

/// A day of `GET /v2/calendar`.
#[derive(Clone, Debug, Deserialize)]
pub struct CalendarDay {
    /// The day.
    pub date: NaiveDate,
    /// `09:30` in New York.
    pub open: String,
    /// `16:00` in New York.
    pub close: String,
}

/// An asset.
#[derive(Clone, Debug, Deserialize)]
pub struct Asset {
    /// Its ticker.
    pub symbol: String,
    /// `active` or `inactive`.
    pub status: String,
    /// Whether orders are taken.
    pub tradable: bool,
    /// `has_options` among others.
    #[serde(default)]
    pub attributes: Option<Vec<String>>,
}

/// An option contract.
#[derive(Clone, Debug, Deserialize)]
pub struct Contract {
    /// The compact OCC symbol.
    pub symbol: String,
    /// Whether orders are taken.
    pub tradable: bool,
    /// Listed expiration date.
    pub expiration_date: NaiveDate,
    /// The contract's root; the underlying where absent.
    #[serde(default)]
    pub root_symbol: Option<String>,
    /// The underlying.
    pub underlying_symbol: String,
    /// `american` or `european`.
    pub style: String,
    /// Dollars per point; 100 where absent.
    #[serde(default, deserialize_with = "optional")]
    pub multiplier: Option<Decimal>,
    /// Shares delivered, as a rule: 100 also where other things are delivered with them.
    #[serde(default, deserialize_with = "optional")]
    pub size: Option<Decimal>,
    /// What is delivered, where that is said.
    #[serde(default)]
    pub deliverables: Option<Vec<AlpacaDeliverable>>,
    /// Open interest of the day before.
    #[serde(default, deserialize_with = "optional")]
    pub open_interest: Option<Decimal>,
}

/// A part of what a contract delivers.
#[derive(Clone, Debug, Deserialize)]
pub struct AlpacaDeliverable {
    /// Of what; none for cash.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Shares or dollars.
    #[serde(default, deserialize_with = "optional")]
    pub amount: Option<Decimal>,
}

/// A page of contracts.
#[derive(Clone, Debug, Deserialize)]
pub struct ContractPage {
    /// The rows.
    #[serde(default)]
    pub option_contracts: ReadableRows<Contract>,
    /// Where the next page begins.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A bar.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Bar {
    /// Its beginning.
    #[serde(rename = "t")]
    pub time: DateTime<Utc>,
    /// First trade.
    #[serde(rename = "o")]
    pub open: f64,
    /// Highest trade.
    #[serde(rename = "h")]
    pub high: f64,
    /// Lowest trade.
    #[serde(rename = "l")]
    pub low: f64,
    /// Last trade.
    #[serde(rename = "c")]
    pub close: f64,
    /// Shares or contracts.
    #[serde(rename = "v")]
    pub volume: f64,
}

/// A page of bars.
#[derive(Clone, Debug, Deserialize)]
pub struct BarPage {
    /// Rows by symbol.
    #[serde(default)]
    pub bars: Option<BTreeMap<String, ReadableRows<Bar>>>,
    /// Where the next page begins.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A best bid and ask; 0 stands for nobody.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AlpacaQuote {
    /// When.
    #[serde(rename = "t")]
    pub time: DateTime<Utc>,
    /// Bid.
    #[serde(rename = "bp", default)]
    pub bid: LooseNumber,
    /// Shares or contracts bid for.
    #[serde(rename = "bs", default)]
    pub bid_size: f64,
    /// Ask.
    #[serde(rename = "ap", default)]
    pub ask: LooseNumber,
    /// Shares or contracts offered.
    #[serde(rename = "as", default)]
    pub ask_size: f64,
}

/// A trade.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AlpacaTrade {
    /// When.
    #[serde(rename = "t")]
    pub time: DateTime<Utc>,
    /// Dollars a share.
    #[serde(rename = "p")]
    pub price: LooseNumber,
    /// Shares or contracts.
    #[serde(rename = "s", default)]
    pub size: f64,
}

/// A stock's or contract's present state.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Last trade.
    #[serde(default)]
    pub latest_trade: Option<AlpacaTrade>,
    /// Best bid and ask.
    #[serde(default)]
    pub latest_quote: Option<AlpacaQuote>,
    /// Today's bar, or that of the last session.
    #[serde(default)]
    pub daily_bar: Option<Bar>,
}

/// A page of option snapshots.
#[derive(Clone, Debug, Deserialize)]
pub struct SnapshotPage {
    /// Rows by compact OCC symbol.
    #[serde(default)]
    pub snapshots: NamedRows<Snapshot>,
    /// Where the next page begins.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A story.
#[derive(Clone, Debug, Deserialize)]
pub struct Story {
    /// Its number.
    pub id: u64,
    /// Headline.
    pub headline: String,
    /// Summary.
    #[serde(default)]
    pub summary: String,
    /// Where it stands.
    #[serde(default)]
    pub url: Option<String>,
    /// Who printed it.
    #[serde(default)]
    pub source: String,
    /// When it was published.
    pub created_at: DateTime<Utc>,
    /// What it is about.
    #[serde(default)]
    pub symbols: Vec<String>,
}

/// A page of stories.
#[derive(Clone, Debug, Deserialize)]
pub struct NewsPage {
    /// The rows.
    #[serde(default)]
    pub news: ReadableRows<Story>,
    /// Where the next page begins.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// A split: `new_rate` new shares for `old_rate` old ones.
#[derive(Clone, Debug, Deserialize)]
pub struct SplitAction {
    /// First session at the new price.
    pub ex_date: NaiveDate,
    /// New shares.
    pub new_rate: f64,
    /// Old shares.
    pub old_rate: f64,
}

/// A cash dividend.
#[derive(Clone, Debug, Deserialize)]
pub struct DividendAction {
    /// First session without it.
    pub ex_date: NaiveDate,
    /// Dollars a share of that day.
    pub rate: f64,
    /// Whoever holds shares on this day gets it.
    #[serde(default)]
    pub record_date: Option<NaiveDate>,
    /// Whether it is paid beside the usual ones.
    #[serde(default)]
    pub special: bool,
}

/// A dividend in shares.
#[derive(Clone, Debug, Deserialize)]
pub struct StockDividendAction {
    /// First session at the new price.
    pub ex_date: NaiveDate,
    /// New shares for one old share, beside it: 0.05.
    pub rate: f64,
}

/// Units that come apart into their shares.
#[derive(Clone, Debug, Deserialize)]
pub struct UnitSplitAction {
    /// The unit.
    pub old_symbol: String,
    /// What it becomes, in the first place.
    pub new_symbol: String,
    /// First session of it.
    pub effective_date: NaiveDate,
}

/// A part of a company that becomes one of its own.
#[derive(Clone, Debug, Deserialize)]
pub struct SpinOffAction {
    /// The company.
    pub source_symbol: String,
    /// Its shares.
    pub source_rate: f64,
    /// The part.
    pub new_symbol: String,
    /// Its shares for them.
    pub new_rate: f64,
    /// First session without the part.
    pub ex_date: NaiveDate,
}

/// A merger, for cash, for shares or for both.
#[derive(Clone, Debug, Deserialize)]
pub struct MergerAction {
    /// The company that ends.
    pub acquiree_symbol: String,
    /// The one that takes it over.
    #[serde(default)]
    pub acquirer_symbol: Option<String>,
    /// First day without it.
    pub effective_date: NaiveDate,
}

/// Corporate actions by kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CorporateActions {
    /// More shares.
    pub forward_splits: ReadableRows<SplitAction>,
    /// Fewer shares.
    pub reverse_splits: ReadableRows<SplitAction>,
    /// Cash.
    pub cash_dividends: ReadableRows<DividendAction>,
    /// Shares.
    pub stock_dividends: ReadableRows<StockDividendAction>,
    /// Units.
    pub unit_splits: ReadableRows<UnitSplitAction>,
    /// Parts that leave.
    pub spin_offs: ReadableRows<SpinOffAction>,
    /// For cash.
    pub cash_mergers: ReadableRows<MergerAction>,
    /// For shares.
    pub stock_mergers: ReadableRows<MergerAction>,
    /// For both.
    pub stock_and_cash_mergers: ReadableRows<MergerAction>,
}

impl CorporateActions {
    /// Takes in another page.
    pub(super) fn extend(&mut self, page: Self) {
        self.forward_splits.extend(page.forward_splits);
        self.reverse_splits.extend(page.reverse_splits);
        self.cash_dividends.extend(page.cash_dividends);
        self.stock_dividends.extend(page.stock_dividends);
        self.unit_splits.extend(page.unit_splits);
        self.spin_offs.extend(page.spin_offs);
        self.cash_mergers.extend(page.cash_mergers);
        self.stock_mergers.extend(page.stock_mergers);
        self.stock_and_cash_mergers.extend(page.stock_and_cash_mergers);
    }

    /// Rows that cannot be read.
    pub(super) fn unreadable(&self) -> usize {
        self.forward_splits.unreadable
            + self.reverse_splits.unreadable
            + self.cash_dividends.unreadable
            + self.stock_dividends.unreadable
            + self.unit_splits.unreadable
            + self.spin_offs.unreadable
            + self.cash_mergers.unreadable
            + self.stock_mergers.unreadable
            + self.stock_and_cash_mergers.unreadable
    }
}

/// A page of corporate actions.
#[derive(Clone, Debug, Deserialize)]
pub struct CorporateActionPage {
    /// The rows.
    #[serde(default)]
    pub corporate_actions: CorporateActions,
    /// Where the next page begins.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// `GET /v2/account`
#[derive(Clone, Debug, Deserialize)]
pub struct AlpacaAccount {
    /// Its number.
    #[serde(default)]
    pub account_number: Option<String>,
    /// Its UUID.
    pub id: String,
    /// Cash.
    #[serde(default, deserialize_with = "optional")]
    pub cash: Option<Decimal>,
    /// Worth.
    #[serde(default, deserialize_with = "optional")]
    pub equity: Option<Decimal>,
    /// For shares.
    #[serde(default, deserialize_with = "optional")]
    pub buying_power: Option<Decimal>,
    /// For options.
    #[serde(default, deserialize_with = "optional")]
    pub options_buying_power: Option<Decimal>,
    /// Maintenance requirement.
    #[serde(default, deserialize_with = "optional")]
    pub maintenance_margin: Option<Decimal>,
    /// 1 for cash, 2 or 4 for margin.
    #[serde(default, deserialize_with = "optional")]
    pub multiplier: Option<Decimal>,
    /// Whether orders are refused.
    #[serde(default)]
    pub trading_blocked: bool,
}

/// A position.
#[derive(Clone, Debug, Deserialize)]
pub struct AlpacaPosition {
    /// Ticker or compact OCC symbol.
    pub symbol: String,
    /// `us_equity`, `us_option`, `crypto`, …
    pub asset_class: String,
    /// Shares or contracts; negative or not when short, by version of the API.
    pub qty: LooseNumber,
    /// `long` or `short`.
    pub side: String,
    /// Average price.
    pub avg_entry_price: LooseNumber,
    /// Mark.
    #[serde(default, deserialize_with = "optional")]
    pub current_price: Option<Decimal>,
    /// Dollars won today on all of it.
    #[serde(default, deserialize_with = "optional")]
    pub unrealized_intraday_pl: Option<Decimal>,
    /// The previous close.
    #[serde(default, deserialize_with = "optional")]
    pub lastday_price: Option<Decimal>,
}

/// An order, or a leg of one.
#[derive(Clone, Debug, Deserialize)]
pub struct AlpacaOrder {
    /// Alpaca's identity.
    pub id: String,
    /// Ours.
    #[serde(default)]
    pub client_order_id: Option<String>,
    /// Where it stands.
    pub status: String,
    /// Ticker or compact OCC symbol; empty or absent above legs.
    #[serde(default)]
    pub symbol: Option<String>,
    /// `buy` or `sell`; empty or absent above legs.
    #[serde(default)]
    pub side: Option<String>,
    /// `buy_to_open`, …; empty or absent for some.
    #[serde(default)]
    pub position_intent: Option<String>,
    /// Units ordered.
    #[serde(default, deserialize_with = "optional")]
    pub qty: Option<Decimal>,
    /// Units filled.
    #[serde(default, deserialize_with = "optional")]
    pub filled_qty: Option<Decimal>,
    /// Average price of what was filled.
    #[serde(default, deserialize_with = "optional")]
    pub filled_avg_price: Option<Decimal>,
    /// What it asks for; of several legs net, positive when paid, negative when received.
    #[serde(default, deserialize_with = "optional")]
    pub limit_price: Option<Decimal>,
    /// The order whose place it took.
    #[serde(default)]
    pub replaces: Option<String>,
    /// The order that took its place.
    #[serde(default)]
    pub replaced_by: Option<String>,
    /// Who sent it, where Alpaca says so.
    #[serde(default)]
    pub source: Option<String>,
    /// `simple`, `mleg`, …
    #[serde(default)]
    pub order_class: Option<String>,
    /// Contracts of a leg in one unit.
    #[serde(default, deserialize_with = "optional")]
    pub ratio_qty: Option<Decimal>,
    /// The legs of an order of several.
    #[serde(default)]
    pub legs: Option<Vec<AlpacaOrder>>,
    /// When it was received.
    #[serde(default)]
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: Option<DateTime<Utc>>,
}

/// Something that changed the account.
#[derive(Clone, Debug, Deserialize)]
pub struct AlpacaActivity {
    /// `20140606190000000::uuid`, also the token of the page that follows it.
    pub id: String,
    /// `FILL`, `OPASN`, `DIV`, …
    pub activity_type: String,
    /// `partial_fill` or `fill`.
    #[serde(rename = "type", default)]
    pub fill_type: Option<String>,
    /// When a trade was made.
    #[serde(default)]
    pub transaction_time: Option<DateTime<Utc>>,
    /// The day, or the moment, of anything else.
    #[serde(default)]
    pub date: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub symbol: Option<String>,
    /// `buy`, `sell`, `sell_short`.
    #[serde(default)]
    pub side: Option<String>,
    /// Shares or contracts.
    #[serde(default, deserialize_with = "optional")]
    pub qty: Option<Decimal>,
    /// Dollars a share.
    #[serde(default, deserialize_with = "optional")]
    pub price: Option<Decimal>,
    /// Change of cash.
    #[serde(default, deserialize_with = "optional")]
    pub net_amount: Option<Decimal>,
    /// Shares or contracts of its order that were filled once it was.
    #[serde(default, deserialize_with = "optional")]
    pub cum_qty: Option<Decimal>,
    /// The order of a trade; of an order of several legs that of the leg.
    #[serde(default)]
    pub order_id: Option<String>,
    /// Alpaca's words.
    #[serde(default)]
    pub description: Option<String>,
}
