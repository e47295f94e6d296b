//! Why the exchange refuses a request: one reason each, with the numbers that a client is told.

use rust_decimal::Decimal;

/// A request that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such account.
    #[error("there is no account {0}")]
    UnknownAccount(String),
    /// No such order in the account.
    #[error("there is no order {0}")]
    UnknownOrder(String),
    /// The market has no such share or contract.
    #[error("there is no instrument {symbol}")]
    UnknownSymbol {
        /// What was asked for.
        symbol: String,
    },
    /// Trading in it is halted.
    #[error("trading in {symbol} is halted")]
    Halted {
        /// Which symbol.
        symbol: String,
    },
    /// The price is between two ticks.
    #[error("the price {price} is no multiple of the tick {tick}")]
    WrongTick {
        /// The price as sent.
        price: Decimal,
        /// The smallest step there.
        tick: Decimal,
    },
    /// The order contradicts itself.
    #[error("{0}")]
    Invalid(String),
    /// More money than there is.
    #[error("the order needs {required} dollars of buying power, there are {available}")]
    InsufficientBuyingPower {
        /// Dollars that the order would take.
        required: Decimal,
        /// Dollars that are free.
        available: Decimal,
    },
    /// More than is held and free.
    #[error("{available} of {symbol} are free, the order would take {requested}")]
    InsufficientQuantity {
        /// Which symbol.
        symbol: String,
        /// Shares or contracts that the order takes.
        requested: Decimal,
        /// Shares or contracts that are held and not promised to other orders.
        available: Decimal,
    },
    /// A short call without shares or a long call behind it.
    #[error("the short calls on {underlying} would not be covered")]
    Uncovered {
        /// Root of the contracts.
        underlying: String,
    },
    /// The client order id was used before, whatever became of that order.
    #[error("the client order id {0} was used before")]
    DuplicateClientOrderId(String),
    /// Nothing can happen to the order any more.
    #[error("the order is {0} and cannot be changed")]
    NotOpen(String),
}
