//! Bad prints: trades or whole bars that nothing around them supports, and the bars without them.
//!
//! | A field of a bar is bad where | |
//! |---|---|
//! | it lies far off | over [`PrintLimits::least_fraction`] of the price and over eight typical ranges outside the bodies (open to close) of the two bars on either side |
//! | no other field supports it | a low or high: the bar's own open and close, too, are that far from it; an open or close: the other of them is not |
//! | no neighbour supports it | a whole bar: those before and those after it are both on the same side |
//! | no volume supports it | each typical range off takes a quarter of the typical volume |
//!
//! A crash stays: prices fall in its bars' bodies, in those that follow, or in many shares. The newest quote stands for the bar
//! that follows the last one; without it only the last bar's high and low are judged, as are the first's. Typical is the median of the twenty bars around. The limits are ttai's own; the
//! idea of a filter by the neighbourhood is that of C. Brownlees and G. Gallo, "Financial econometric analysis at ultra-high
//! frequency" (2006).

use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

/// Bars on either side whose bodies a field is held against.
const NEIGHBOURS: usize = 2;
/// Bars on either side that say what is typical.
const AROUND: usize = 10;
/// Fewest of them that can.
const FEWEST_AROUND: usize = 5;
/// Typical ranges off that may be trading.
const TYPICAL_RANGES: f64 = 8.0;
/// Typical ranges that a typical volume supports.
const RANGES_PER_VOLUME: f64 = 4.0;
/// How far off, as a fraction of the price, a field must be where too few bars say what is typical.
const UNKNOWN_FRACTION: f64 = 0.25;

/// How far off a print of a kind of bar may be unseen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintLimits {
    /// A fraction of the price: nearer ones are never bad.
    pub least_fraction: f64,
}

impl PrintLimits {
    /// For bars of a minute.
    pub const MINUTE: Self = Self { least_fraction: 0.02 };
    /// For bars of a session.
    pub const SESSION: Self = Self { least_fraction: 0.08 };
}

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintField {
    /// Its first trade.
    Open,
    /// Its highest trade.
    High,
    /// Its lowest trade.
    Low,
    /// Its last trade.
    Close,
    /// All of it.
    Bar,
}

impl PrintField {
    /// `open`, `high`, `low`, `close`, `bar`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Bar => "bar",
        }
    }
}

/// A print that is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadPrint {
    /// The bar's place.
    pub place: usize,
    /// What of it.
    pub field: PrintField,
    /// The price, of a whole bar its close; in the bars' unit.
    pub price: f64,
}

/// Bars, and what was set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundBars {
    /// The bars without their bad prints, oldest first; a bar that was bad as a whole is not among them.
    pub bars: Vec<DailyBar>,
    /// The prints that were set aside, by place among the bars that were given.
    pub set_aside: Vec<BadPrint>,
}

/// Sets bad prints aside; none where there is none to set aside. `bars` are of one length and unit, split-adjusted, oldest
/// first, and any length of time: a minute is a [`DailyBar`] with its session's date. A bar keeps its volume. O(n), and the
/// neighbourhood of bars that look odd. `quoted` is the price after the last bar, in the bars' unit, where a good quote
/// says it.
#[must_use]
pub fn without_bad_prints(bars: &[DailyBar], quoted: Option<f64>, limits: PrintLimits) -> Option<SoundBars> {
    let odd = |place| judge(bars, place, quoted, limits).map(|verdict| (place, verdict));
    let found: Vec<(usize, Verdict)> = (0..bars.len()).filter_map(odd).collect();
    if found.is_empty() {
        return None;
    }
    let set_aside = found.iter().flat_map(|(place, verdict)| verdict.prints(*place, &bars[*place])).collect();
    let mut sound = Vec::with_capacity(bars.len());
    let mut next = found.into_iter().peekable();
    for (place, bar) in bars.iter().enumerate() {
        match next.next_if(|(bad, _)| *bad == place) {
            Some((_, verdict)) => sound.extend(verdict.repaired(bar)),
            None => sound.push(*bar),
        }
    }
    Some(SoundBars { bars: sound, set_aside })
}

/// Which fields of a bar are bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Verdict {
    open: bool,
    high: bool,
    low: bool,
    close: bool,
}

impl Verdict {
    const fn is_whole(self) -> bool {
        self.open && self.close
    }

    fn prints(self, place: usize, bar: &DailyBar) -> Vec<BadPrint> {
        if self.is_whole() {
            return vec![BadPrint { place, field: PrintField::Bar, price: bar.close }];
        }
        let fields = [
            (self.open, PrintField::Open, bar.open),
            (self.high, PrintField::High, bar.high),
            (self.low, PrintField::Low, bar.low),
            (self.close, PrintField::Close, bar.close),
        ];
        let bad = fields.into_iter().filter(|(is_bad, _, _)| *is_bad);
        bad.map(|(_, field, price)| BadPrint { place, field, price }).collect()
    }

    /// The bar from its sound fields; none without a sound open or close.
    fn repaired(self, bar: &DailyBar) -> Option<DailyBar> {
        let (open, close) = match (self.open, self.close) {
            (true, true) => return None,
            (true, false) => (bar.close, bar.close),
            (false, true) => (bar.open, bar.open),
            (false, false) => (bar.open, bar.close),
        };
        let high = if self.high { open.max(close) } else { bar.high };
        let low = if self.low { open.min(close) } else { bar.low };
        Some(DailyBar { open, high, low, close, ..*bar })
    }
}

/// The lowest and the highest of some prices.
#[derive(Clone, Copy, Debug)]
struct Span {
    low: f64,
    high: f64,
}

impl Span {
    fn of_bodies(bars: &[DailyBar]) -> Option<Self> {
        let span = |bar: &DailyBar| Self { low: bar.open.min(bar.close), high: bar.open.max(bar.close) };
        bars.iter().map(span).reduce(Self::with)
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Dollars that a price lies outside: negative below, positive above, 0 inside.
    fn outside(self, price: f64) -> f64 {
        (price - self.high).max(0.0) + (price - self.low).min(0.0)
    }
}

fn either(one: Option<Span>, other: Option<Span>) -> Option<Span> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.with(other)),
        (one, other) => one.or(other),
    }
}

fn judge(bars: &[DailyBar], place: usize, quoted: Option<f64>, limits: PrintLimits) -> Option<Verdict> {
    let bar = &bars[place];
    let before = Span::of_bodies(&bars[place.saturating_sub(NEIGHBOURS)..place]);
    let after = Span::of_bodies(&bars[place + 1..bars.len().min(place + 1 + NEIGHBOURS)]);
    let quoted =
        quoted.filter(|_| place + NEIGHBOURS >= bars.len()).map(|price| Span { low: price, high: price });
    let after = either(after, quoted);
    let around = either(before, after)?;
    let least = limits.least_fraction * around.low;
    let is_far = |price: f64, span: Span| span.outside(price).abs() > least;
    if !is_far(bar.low, around) && !is_far(bar.high, around) {
        return None;
    }
    // Only few bars come this far.
    let supported = Support::of(bars, place, around);
    let is_bad = |price: f64, span: Span| is_far(price, span) && !supported.holds(span.outside(price));
    let verdict = match (before, after) {
        (Some(_), Some(_)) => {
            Verdict { open: is_bad(bar.open, around), close: is_bad(bar.close, around), ..Verdict::default() }
        }
        _ => Verdict::default(),
    };
    let body = Verdict::repaired(verdict, bar).and_then(|bar| Span::of_bodies(&[bar]));
    let Some(body) = body else {
        let same_side = around.outside(bar.open) * around.outside(bar.close) > 0.0;
        return same_side.then_some(Verdict { high: true, low: true, ..verdict });
    };
    let trusted = around.with(body);
    let (high, low) = (is_bad(bar.high, trusted), is_bad(bar.low, trusted));
    let found = Verdict { high, low, ..verdict };
    (found != Verdict::default()).then_some(found)
}

/// What the bars around a bar make of a distance.
struct Support {
    /// Median range, as the bars have it; none of too few bars.
    range: Option<f64>,
    /// Volume over the median volume, where there is one.
    volume: f64,
    price: f64,
}

impl Support {
    fn of(bars: &[DailyBar], place: usize, around: Span) -> Self {
        let (from, to) = (place.saturating_sub(AROUND), bars.len().min(place + 1 + AROUND));
        let others = || bars[from..place].iter().chain(&bars[place + 1..to]);
        let range = median(others().map(|bar| bar.high - bar.low).collect());
        let typical = median(others().map(|bar| bar.volume).collect()).filter(|typical| *typical > 0.0);
        Self {
            range: range.filter(|_| others().count() >= FEWEST_AROUND),
            volume: typical.map_or(0.0, |typical| bars[place].volume / typical),
            price: around.low,
        }
    }

    /// Whether a print so many dollars off may have been trading.
    fn holds(&self, outside: f64) -> bool {
        let off = outside.abs();
        match self.range {
            None => off <= UNKNOWN_FRACTION * self.price,
            Some(range) => off <= range * TYPICAL_RANGES.max(RANGES_PER_VOLUME * self.volume),
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    /// Thirty quiet bars around 100: ranges of 0.20, volumes of 1,000.
    fn quiet() -> Vec<DailyBar> {
        let first = NaiveDate::from_ymd_opt(2014, 6, 2).unwrap();
        let bar = |i: u32| {
            let open = 100.0 + 0.05 * f64::from(i % 4);
            let date = first + Days::new(u64::from(i));
            DailyBar { date, open, high: open + 0.1, low: open - 0.1, close: open + 0.02, volume: 1_000.0 }
        };
        (0..30).map(bar).collect()
    }

    fn set_aside(bars: &[DailyBar]) -> Vec<(usize, PrintField)> {
        let sound = without_bad_prints(bars, None, PrintLimits::MINUTE);
        sound.map_or(Vec::new(), |sound| sound.set_aside.iter().map(|bad| (bad.place, bad.field)).collect())
    }

    #[test]
    fn a_low_at_a_tenth_is_set_aside_wherever_it_is() {
        for place in [0, 15, 29] {
            let mut bars = quiet();
            bars[place].low = 10.0;
            let sound = without_bad_prints(&bars, None, PrintLimits::MINUTE).unwrap();
            assert_eq!(sound.set_aside, [BadPrint { place, field: PrintField::Low, price: 10.0 }]);
            assert_eq!(sound.bars[place].low, bars[place].open);
            assert_eq!((sound.bars.len(), sound.bars[place].volume), (30, 1_000.0));
        }
    }

    #[test]
    fn each_field_is_found_alone_and_a_bar_as_a_whole() {
        let changed = |change: fn(&mut DailyBar)| {
            let mut bars = quiet();
            change(&mut bars[15]);
            set_aside(&bars)
        };
        assert_eq!(changed(|bar| bar.high = 1_000.0), [(15, PrintField::High)]);
        let (open, close, low) = (PrintField::Open, PrintField::Close, PrintField::Low);
        assert_eq!(changed(|bar| (bar.close, bar.low) = (10.0, 10.0)), [(15, low), (15, close)]);
        assert_eq!(changed(|bar| (bar.open, bar.low) = (10.0, 10.0)), [(15, open), (15, low)]);
        assert_eq!(changed(|bar| *bar = bar.split_adjusted(10.0)), [(15, PrintField::Bar)]);
        assert_eq!(changed(|bar| bar.low = 98.5), [], "within the least fraction");
    }

    #[test]
    fn a_crash_stays() {
        let fallen = |from: usize, to: usize, share: f64, volume: f64| {
            let mut bars = quiet();
            for bar in &mut bars[from..to] {
                *bar = DailyBar { volume: bar.volume * volume, ..bar.split_adjusted(1.0 / share) };
            }
            bars
        };
        assert_eq!(set_aside(&fallen(15, 30, 0.6, 1.0)), [], "for good");
        assert_eq!(set_aside(&fallen(29, 30, 0.6, 1.0)), [], "in the newest bar");
        assert_eq!(set_aside(&fallen(15, 18, 0.6, 1.0)), [], "for three bars");
        assert_eq!(set_aside(&fallen(15, 16, 0.95, 20.0)), [], "for one bar in many shares");
        assert_eq!(set_aside(&fallen(15, 16, 0.95, 1.0)), [(15, PrintField::Bar)], "and in few");
        let mut spike = quiet();
        (spike[15].low, spike[15].volume) = (96.0, 6_000.0);
        assert_eq!(set_aside(&spike), [], "a wick in many shares");
    }

    #[test]
    fn the_newest_quote_tells_a_crash_from_a_bad_close() {
        let mut bars = quiet();
        (bars[29].low, bars[29].close) = (60.0, 60.0);
        let judged = |quoted| without_bad_prints(&bars, Some(quoted), PrintLimits::MINUTE);
        assert_eq!(judged(61.0), None);
        let fields: Vec<PrintField> = judged(100.0).unwrap().set_aside.iter().map(|bad| bad.field).collect();
        assert_eq!(fields, [PrintField::Low, PrintField::Close]);
    }

    #[test]
    fn too_few_bars_let_only_the_absurd_be_set_aside() {
        let mut bars = quiet();
        bars.truncate(3);
        bars[1].low = 90.0;
        assert_eq!(set_aside(&bars), []);
        bars[1].low = 10.0;
        assert_eq!(set_aside(&bars), [(1, PrintField::Low)]);
        assert_eq!(set_aside(&bars[..1]), []);
        assert_eq!(set_aside(&[]), []);
    }

    proptest! {
        /// Whatever the bars are, what comes out is possible, never wider, and sound bars are as they were.
        #[test]
        fn what_is_left_is_possible(shape in prop::collection::vec((1.0..500.0_f64, 0.0..1.0_f64, 0.0..1.0_f64, 0.0..1e6_f64), 0..40)) {
            let date = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
            let bars: Vec<DailyBar> = shape.iter().map(|(low, a, b, volume)| {
                let at = |share: f64| low * (1.0 + share);
                DailyBar { date, open: at(*a), high: at(a.max(*b) * 1.1), low: *low, close: at(*b), volume: *volume }
            }).collect();
            if let Some(sound) = without_bad_prints(&bars, None, PrintLimits::MINUTE) {
                let touched: Vec<usize> = sound.set_aside.iter().map(|bad| bad.place).collect();
                let gone = sound.set_aside.iter().filter(|bad| bad.field == PrintField::Bar).count();
                prop_assert_eq!(sound.bars.len() + gone, bars.len());
                for bar in &sound.bars {
                    prop_assert!(DailyBar::new(bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume).is_ok());
                }
                let untouched = bars.iter().enumerate().filter(|(place, _)| !touched.contains(place));
                prop_assert!(untouched.map(|(_, bar)| bar).all(|bar| sound.bars.contains(bar)));
            }
        }

        /// One print at a tenth or ten times the price is found wherever it is, and nothing else is.
        #[test]
        fn one_absurd_print_is_found(place in 0_usize..30, up in any::<bool>()) {
            let mut bars = quiet();
            if up { bars[place].high *= 10.0 } else { bars[place].low /= 10.0 }
            let field = if up { PrintField::High } else { PrintField::Low };
            prop_assert_eq!(set_aside(&bars), [(place, field)]);
        }
    }
}
