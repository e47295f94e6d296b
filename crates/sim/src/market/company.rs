//! The characters of the simulated market. The tickers are real so that a first try finds them; nothing else is.

/// One stretch of a price's life, counted in sessions back from the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Regime {
    /// Sessions before the end at which it begins.
    pub(super) from: usize,
    /// Drift in the shape of a fraction a year.
    pub(super) drift: f64,
    /// Volatility as a fraction a year.
    pub(super) volatility: f64,
    /// Pull back to the line that begins at the regime's first price and drifts, a fraction of the distance a session.
    pub(super) pull: f64,
}

/// How one symbol behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Company {
    pub(super) ticker: &'static str,
    /// What kind of character it plays, for the stories.
    pub(super) character: &'static str,
    pub(super) sector: Option<&'static str>,
    /// Last close in dollars, about.
    pub(super) price: f64,
    /// Shares a day.
    pub(super) volume: f64,
    pub(super) regimes: &'static [Regime],
    /// Gaps at the open: sessions before the end, and the change as a fraction.
    pub(super) shocks: &'static [(usize, f64)],
    /// New shares for an old one, and sessions before the end.
    pub(super) split: Option<(f64, usize)>,
    /// Dollars a quarter in today's shares.
    pub(super) dividend: Option<f64>,
    /// Calendar days from the end to the next report, and whether it is confirmed.
    pub(super) earnings: Option<(u64, bool)>,
    /// Move that the options expect at the report, as a fraction.
    pub(super) earnings_move: f64,
    /// At-the-money volatility at the near and at the far end.
    pub(super) volatility: (f64, f64),
    /// Open interest of the busiest contract.
    pub(super) open_interest: f64,
    /// Bid-ask spread of an option as a fraction of its mid.
    pub(super) option_spread: f64,
    /// Short shares in percent of the float, and days to cover.
    pub(super) short_interest: Option<(f64, f64)>,
}

const fn regime(from: usize, drift: f64, volatility: f64, pull: f64) -> Regime {
    Regime { from, drift, volatility, pull }
}

const QUIET: Company = Company {
    ticker: "MSFT",
    character: "a price in a range",
    sector: Some("Technology"),
    price: 402.0,
    volume: 21e6,
    regimes: &[regime(2000, 0.12, 0.22, 0.008), regime(260, 0.0, 0.17, 0.04)],
    shocks: &[],
    split: None,
    dividend: Some(0.75),
    earnings: Some((62, false)),
    earnings_move: 0.045,
    volatility: (0.19, 0.23),
    open_interest: 9_000.0,
    option_spread: 0.03,
    short_interest: Some((0.8, 1.9)),
};

/// Everyone in the market.
pub(super) const COMPANIES: [Company; 9] = [
    Company {
        ticker: "AAPL",
        character: "a steady rise",
        price: 224.0,
        volume: 52e6,
        regimes: &[
            regime(2000, 0.18, 0.28, 0.008),
            regime(520, -0.12, 0.30, 0.03),
            regime(300, 0.34, 0.19, 0.06),
        ],
        dividend: Some(0.25),
        earnings: Some((66, false)),
        earnings_move: 0.04,
        volatility: (0.22, 0.25),
        open_interest: 14_000.0,
        option_spread: 0.02,
        short_interest: Some((0.9, 2.1)),
        ..QUIET
    },
    Company {
        ticker: "F",
        character: "a low-priced stock",
        sector: Some("Consumer Cyclical"),
        price: 11.4,
        volume: 55e6,
        regimes: &[regime(2000, 0.02, 0.34, 0.008), regime(320, 0.04, 0.27, 0.03)],
        dividend: Some(0.15),
        earnings: Some((64, false)),
        earnings_move: 0.06,
        volatility: (0.36, 0.35),
        open_interest: 16_000.0,
        option_spread: 0.04,
        short_interest: Some((3.4, 2.6)),
        ..QUIET
    },
    Company {
        ticker: "INTC",
        character: "a long decline",
        price: 21.3,
        volume: 60e6,
        regimes: &[regime(2000, 0.05, 0.27, 0.008), regime(420, -0.46, 0.34, 0.05)],
        shocks: &[(130, -0.14)],
        dividend: None,
        earnings: Some((67, false)),
        earnings_move: 0.09,
        volatility: (0.45, 0.41),
        open_interest: 11_000.0,
        option_spread: 0.04,
        short_interest: Some((2.9, 1.7)),
        ..QUIET
    },
    QUIET,
    Company {
        ticker: "NVDA",
        character: "a fast rise with high volatility",
        price: 148.0,
        volume: 190e6,
        regimes: &[
            regime(2000, 0.25, 0.48, 0.008),
            regime(560, -0.20, 0.52, 0.03),
            regime(330, 0.50, 0.30, 0.08),
        ],
        split: Some((4.0, 210)),
        dividend: None,
        earnings: Some((68, true)),
        earnings_move: 0.09,
        volatility: (0.52, 0.48),
        open_interest: 22_000.0,
        option_spread: 0.02,
        short_interest: Some((1.1, 1.2)),
        ..QUIET
    },
    Company {
        ticker: "PYPL",
        character: "a recent crash",
        sector: Some("Financial Services"),
        price: 41.0,
        volume: 16e6,
        regimes: &[
            regime(2000, 0.10, 0.36, 0.008),
            regime(200, 0.15, 0.26, 0.03),
            regime(24, -1.2, 0.62, 0.05),
        ],
        shocks: &[(24, -0.17), (15, -0.12)],
        dividend: None,
        earnings: Some((71, false)),
        earnings_move: 0.08,
        volatility: (0.78, 0.56),
        open_interest: 6_500.0,
        option_spread: 0.05,
        short_interest: Some((5.2, 2.4)),
        ..QUIET
    },
    Company {
        ticker: "SPY",
        character: "a broad fund",
        sector: None,
        price: 541.0,
        volume: 62e6,
        regimes: &[
            regime(2000, 0.11, 0.17, 0.008),
            regime(480, -0.16, 0.24, 0.03),
            regime(330, 0.19, 0.125, 0.05),
        ],
        dividend: Some(1.76),
        earnings: None,
        volatility: (0.135, 0.175),
        open_interest: 30_000.0,
        option_spread: 0.01,
        short_interest: None,
        ..QUIET
    },
    Company {
        ticker: "TSLA",
        character: "a report within days",
        sector: Some("Consumer Cyclical"),
        price: 262.0,
        volume: 96e6,
        regimes: &[regime(2000, 0.30, 0.55, 0.008), regime(260, 0.10, 0.46, 0.015)],
        split: None,
        dividend: None,
        earnings: Some((9, true)),
        earnings_move: 0.10,
        volatility: (0.50, 0.52),
        open_interest: 19_000.0,
        option_spread: 0.02,
        short_interest: Some((2.7, 1.1)),
        ..QUIET
    },
    Company {
        ticker: "WEN",
        character: "a small company with thin options",
        sector: Some("Consumer Cyclical"),
        price: 17.6,
        volume: 3e6,
        regimes: &[regime(2000, 0.03, 0.25, 0.008), regime(300, -0.05, 0.22, 0.02)],
        split: Some((0.2, 900)),
        dividend: Some(0.14),
        earnings: Some((63, false)),
        earnings_move: 0.05,
        volatility: (0.30, 0.29),
        open_interest: 70.0,
        option_spread: 0.35,
        short_interest: Some((6.8, 4.9)),
        ..QUIET
    },
];
