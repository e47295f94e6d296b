//! Who is in a market: the companies that have a character of their own, then as many more as are wanted, each of which plays one of
//! theirs at another price, with other volumes, volatilities and dates.

use ttai_core::{Symbol, SymbolError};

use super::company::{COMPANIES, Company};
use super::random::Random;

/// How many companies have a character of their own.
pub const CHARACTERS: usize = COMPANIES.len();
/// Most symbols of a market.
pub const MAX_SYMBOLS: u32 = 10_000;

const LETTERS: usize = 26;

/// A company under its ticker.
pub(super) struct Member {
    pub(super) symbol: Symbol,
    pub(super) company: Company,
}

/// The members of a seed's market. A larger market has those of a smaller one.
pub(super) fn cast(seed: u64, symbols: usize) -> Result<Vec<Member>, SymbolError> {
    (0..symbols.min(MAX_SYMBOLS as usize)).map(|index| member(seed, index)).collect()
}

fn member(seed: u64, index: usize) -> Result<Member, SymbolError> {
    let company = COMPANIES[index % CHARACTERS];
    match index.checked_sub(CHARACTERS) {
        None => Ok(Member { symbol: Symbol::new(company.ticker)?, company }),
        Some(further) => {
            let symbol = ticker(further);
            let mut random = Random::new(seed, &format!("{symbol} itself"));
            Ok(Member { symbol: Symbol::new(&symbol)?, company: varied(company, &mut random) })
        }
    }
}

/// `ZAAA`, `ZAAB` and so on, which are nobody's.
fn ticker(number: usize) -> String {
    let letter =
        |place: usize| b'A' + u8::try_from(number / LETTERS.pow(place as u32) % LETTERS).unwrap_or(0);
    ["Z".to_owned(), [2, 1, 0].map(|place| char::from(letter(place))).iter().collect()].concat()
}

/// The same character in another body.
fn varied(company: Company, random: &mut Random) -> Company {
    let mut between = |least: f64, most: f64| least + (most - least) * random.uniform();
    let price = (company.price * between(0.3, 1.2) * 100.0).round() / 100.0;
    let volatility = between(0.8, 1.3);
    let days_later = between(0.0, 25.0).floor();
    Company {
        price,
        volume: (company.volume * between(0.2, 1.5)).round(),
        dividend: company.dividend.map(|dollars| (dollars * price / company.price * 100.0).ceil() / 100.0),
        earnings: company.earnings.map(|(days, confirmed)| (days + days_later as u64, confirmed)),
        volatility: (company.volatility.0 * volatility, company.volatility.1 * volatility),
        open_interest: (company.open_interest * between(0.2, 1.5)).round(),
        ..company
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_larger_market_has_the_smaller_one_and_no_ticker_twice() {
        let small = cast(7, CHARACTERS).unwrap();
        let large = cast(7, 2_000).unwrap();
        assert!(small.iter().zip(&large).all(|(one, other)| one.symbol == other.symbol));
        assert_eq!(large.iter().map(|member| &member.symbol).collect::<BTreeSet<_>>().len(), 2_000);
        assert_eq!(
            (large[CHARACTERS].symbol.as_str(), large[CHARACTERS + 27].symbol.as_str()),
            ("ZAAA", "ZABB")
        );
    }

    #[test]
    fn members_of_one_character_differ_and_are_the_same_again() {
        let of = |seed: u64| {
            cast(seed, 40).unwrap().into_iter().map(|member| member.company.price).collect::<Vec<_>>()
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        let prices = of(7);
        assert!(prices.iter().all(|price| *price > 1.0), "{prices:?}");
        assert_ne!(prices[CHARACTERS], prices[2 * CHARACTERS]);
    }
}
