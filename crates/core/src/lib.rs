//! The nouns of the market: symbols, option contracts, bars, quotes, chains, corporate actions and news; trends, spreads and accounts; what is ordered; alerts, and messages to people.
//!
//! Plain data with constructors that refuse nonsense. No I/O, no async, no clock.

pub mod alert;
pub mod bar;
pub mod chain;
mod chain_filter;
pub mod corporate_action;
pub mod fund;
pub mod message;
mod message_kind;
mod moment;
pub mod news;
pub mod option;
mod option_root;
pub mod order;
pub mod order_phase;
pub mod portfolio_rule;
pub mod portfolio_watch;
pub mod quote;
mod removed;
mod schedule_overlap;
pub mod strategy;
pub mod streamer;
pub mod symbol;
pub mod trade;
pub mod trend;

pub use bar::{DailyBar, MinuteBar, SessionPart};
pub use chain::{OptionChain, OptionQuote};
pub use chain_filter::ChainFilter;
pub use corporate_action::{CashDividend, DividendStatus, Split};
pub use fund::is_fund;
pub use message::{Message, MessageArtifact, MessageError, MessageField, Severity};
pub use message_kind::MessageKind;
pub use moment::market_time;
pub use news::NewsStory;
pub use option::{ExerciseStyle, OccSymbol, OptionContract, OptionRight, Settlement, SettlementTime};
pub use order::{Instrument, InstrumentError, OrderAction, OrderStatus, TimeInForce};
pub use order_phase::OrderPhase;
pub use portfolio_rule::{PortfolioRule, RuleKind};
pub use portfolio_watch::{ActiveAlert, PortfolioAlert, WatchState};
pub use quote::{Quote, QuoteCondition};
pub use removed::RemovedRows;
pub use schedule_overlap::ScheduleOverlap;
pub use strategy::{AccountType, OpenInterestPolicy, SpreadType};
pub use symbol::{Symbol, SymbolError};
pub use trade::{IntentLeg, NetPrice, OrderPurpose, PositionEnd, TradingStrategy, UnknownStrategy};
pub use trend::{ExtensionRisk, FibonacciLevel, LevelSide, Timeframe, TrendDirection, TrendQuality};

/// New York, the time zone of every exchange date and clock time in this project.
pub const NEW_YORK: chrono_tz::Tz = chrono_tz::America::New_York;
