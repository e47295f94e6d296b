//! Keys of trading: what may be sent, at which price, and by which strategy. `crate::trading` makes rules of them.

use super::*;

/// `[trading]` and the tables in it.
pub(super) const SECTIONS: &[Section] = &[TRADING, WALK, SPY_SPX, CSP_ENTRY];

/// How many; 0 does not limit.
const COUNT: Kind = Kind::Integer { least: 0, most: 100_000 };
/// Minutes of a session.
const MINUTES: Kind = Kind::Integer { least: 0, most: 390 };
/// Dollars; 0 does not limit.
const DOLLARS: Kind = Kind::Decimal { least: 0, most: 1_000_000_000 };
/// Dollars a share.
const PRICE: Kind = Kind::Decimal { least: 0, most: 1_000_000 };
/// Percent; 0 does not limit.
const PERCENT: Kind = Kind::Decimal { least: 0, most: 200 };
/// Calendar days to an expiration.
const DTE: Kind = Kind::Integer { least: 0, most: 1_000 };

const fn enabled() -> Key {
    key(
        "enabled",
        Kind::Flag,
        "false",
        "true",
        "Whether it may trade real accounts; `mode` must be `live` too. Paper accounts need no leave.",
    )
}

const fn auto_approve() -> Key {
    key(
        "auto_approve",
        Kind::Choice(&["never", "paper", "always"]),
        "\"never\"",
        "\"paper\"",
        "Whose orders are sent without asking anybody: nobody's, those of paper accounts, or all.",
    )
}

/// `[trading]`.
const TRADING: Section = Section {
    path: "trading",
    about: "What may be traded: docs/trading.md. The limits hold for opening orders of every strategy; a run can tighten them and never loosen them. A limit of 0 does not limit.",
    keys: &[
        key(
            "mode",
            Kind::Choice(&["paper", "live"]),
            "\"paper\"",
            "\"live\"",
            "`paper` trades paper accounts only; `live` real ones, too, by strategies that are `enabled`.",
        ),
        key(
            "approval_minutes",
            MINUTES,
            "30",
            "10",
            "Minutes that an order waits for your approval, never beyond the session's close; 0 waits until the close.",
        ),
        key("max_order_units", COUNT, "10", "5", "Units of one order: contracts, or spreads."),
        key("max_order_risk", DOLLARS, "25000", "10000", "Dollars that one order may lose."),
        key("max_day_orders", COUNT, "10", "4", "Opening orders a day in an account."),
        key(
            "max_day_risk",
            DOLLARS,
            "50000",
            "20000",
            "Dollars that the day's opening orders in an account may lose together.",
        ),
        key(
            "max_symbol_risk",
            DOLLARS,
            "50000",
            "15000",
            "Dollars that all positions and working orders in one underlying may lose.",
        ),
        key(
            "max_account_risk",
            DOLLARS,
            "100000",
            "40000",
            "Dollars that all positions and working orders of an account may lose.",
        ),
        key(
            "max_spread_percent",
            PERCENT,
            "20",
            "10",
            "The widest market of any leg, ask less bid in percent of the mid.",
        ),
        key(
            "max_quote_age_seconds",
            Kind::Integer { least: 1, most: 3_600 },
            "30",
            "10",
            "Seconds that a quote may be old; there is always a limit.",
        ),
        key("minutes_after_open", MINUTES, "5", "15", "Minutes after the open in which nothing is opened."),
        key(
            "minutes_before_close",
            MINUTES,
            "10",
            "15",
            "Minutes before the close in which nothing is opened.",
        ),
        key(
            "refuse_earnings",
            Kind::Flag,
            "true",
            "false",
            "Whether a position over an earnings report is refused.",
        ),
        key(
            "refuse_unknown_earnings",
            Kind::Flag,
            "false",
            "true",
            "Whether a stock whose next report is not known is refused.",
        ),
        key(
            "refuse_duplicates",
            Kind::Flag,
            "true",
            "false",
            "Whether a second position of a strategy in an underlying, or of the same contract, is refused.",
        ),
    ],
};

/// `[trading.walk]`.
const WALK: Section = Section {
    path: "trading.walk",
    about: "How a working order gives way, from the mid toward the natural price; never beyond the price that was approved.",
    keys: &[
        key("steps", Kind::Integer { least: 0, most: 100 }, "3", "5", "Steps; 0 stays at the mid."),
        key(
            "seconds_a_step",
            Kind::Integer { least: 1, most: 3_600 },
            "30",
            "60",
            "Seconds that each price is tried.",
        ),
        key("most_concession", PRICE, "0.10", "0.05", "Dollars a share that are given up at most."),
    ],
};

/// `[trading.spy_spx]`.
const SPY_SPX: Section = Section {
    path: "trading.spy_spx",
    about: "The strategy `spy_spx`: one SPX call bought, ten SPY calls sold on the same expiration, for a credit.",
    keys: &[
        enabled(),
        auto_approve(),
        key(
            "min_entry_credit",
            PRICE,
            "1",
            "1.50",
            "Dollars a share that one unit must bring at its mid: ten SPY calls less one SPX call.",
        ),
        key("min_dte", DTE, "0", "1", "Calendar days to the expiration, at least."),
        key("max_dte", DTE, "7", "3", "Calendar days to the expiration, at most."),
    ],
};

/// `[trading.csp_entry]`.
const CSP_ENTRY: Section = Section {
    path: "trading.csp_entry",
    about: "The strategy `csp_entry`: the best cash-secured put of the day's screen sold, when these conditions hold.",
    keys: &[
        enabled(),
        auto_approve(),
        key("minutes_after_open", MINUTES, "30", "15", "Minutes after the open in which nothing is written."),
        key(
            "minutes_before_close",
            MINUTES,
            "30",
            "60",
            "Minutes before the close in which nothing is written.",
        ),
        key(
            "write_day",
            Kind::Choice(&["any", "red", "green"]),
            "\"any\"",
            "\"red\"",
            "On which days: all, when the underlying is below its previous close, or above.",
        ),
        key(
            "min_move_sigma",
            Kind::Number { least: 0.0, most: 20.0 },
            "",
            "0.5",
            "Standard deviations of a day that the underlying must have moved, either way; if unset, any move will do.",
        ),
        key("max_strike", PRICE, "", "150", "Highest strike in dollars; if unset, any."),
        key(
            "max_contracts",
            Kind::Integer { least: 1, most: 10_000 },
            "1",
            "2",
            "Contracts of one entry at most.",
        ),
        key(
            "high_water_mark",
            Kind::Flag,
            "false",
            "true",
            "Whether a put above the highest strike that it wrote in this underlying before is refused.",
        ),
        key(
            "roll",
            Kind::Flag,
            "false",
            "true",
            "Whether a tested or due put is rolled, and closed only where no roll brings a credit.",
        ),
    ],
};
