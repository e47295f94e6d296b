//! What is grounded and what is not, and that no text breaks the reader.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::extract::mentions;
use super::facts::Facts;

fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.add(
        "test",
        &json!({
            "symbol": "AAPL", "price": 645.57, "sma_20": 612.7414, "sma_50": 574.8, "rsi_14": 79.2, "iv30": 0.2217,
            "collateral": 63_000.0, "volume": 87_484_600, "delta": -0.3012, "roc_weekly": 0.4008, "credit": "5.05",
            "strike": 630.0, "expiration": "2014-06-20", "as_of": "2014-06-06T19:00:00Z", "gap": [531.13, 560.73],
            "contract": "AAPL  140620P00630000", "note": "3.6 ATR above SMA20; report on July 22, 2014 at 16:30",
            "dte": 14, "probability_of_profit": 0.7735,
        }),
    );
    facts
}

#[rstest]
#[case("Sell the 630 put for 5.05; breakeven needs $63,000 or 63k of collateral.")]
#[case("The SMA20 of 612.74 (612.7, about 613) and SMA 50 at 574.80; the 20-day average rises.")]
#[case("IV30 is 22.2 %, 22 percent, or 0.222.")]
#[case("A −0.30 delta, i.e. a 30 delta put, 30-delta.")]
#[case("Gap 531.13–560.73 and 531.13-560.73 and 531.13/560.73.")]
#[case(
    "Expires 2014-06-20, on June 20, on Jun 20, 2014, on 6/20, on 20 June 2014, on the 20th of June; in June 2014."
)]
#[case("As of 15:00 ET (19:00 UTC, 3 pm, 3:00 p.m.) in 2014.")]
#[case("Volume of 87.5 million (87.5M, 87,484,600).")]
#[case("Probability of profit 77 %, 77.35%, 0.77.")]
#[case("The contract AAPL  140620P00630000.")]
#[case("1. First point\n2) Second point\n- third, with two supports and one risk")]
#[case("RSI14 at 79; 14 DTE; 14d; fourteen days; 3.6 ATR.")]
#[case("")]
fn these_are_facts(#[case] text: &str) {
    assert_eq!(facts().check(text).ungrounded, Vec::<String>::new(), "{text}");
}

#[rstest]
#[case("The target is 712.30.", &["712.30"])]
#[case("A 95 % chance.", &["95"])]
#[case("Sell the 635 put, $635 strike.", &["635", "$635"])]
#[case("Up twenty-five percent, and nine percent more.", &["twenty-five", "nine"])]
#[case("It expires on July 18.", &["July 18"])]
#[case("It expires 2015-06-20.", &["2015-06-20"])]
#[case("Watch SMA75 and the AAPL  140620P00640000.", &["SMA75", "140620P00640000"])]
#[case("At 11:11 it broke.", &["11:11"])]
#[case("Volume of 90 million shares.", &["90 million"])]
#[case("No chance: 0.", &["0"])]
#[case("A target of ７１２.", &["712"])]
#[case("A target of ٧١٢, or 7½.", &["٧١٢", "7½"])]
#[case("1.5 is no marker.", &["1.5"])]
#[case("1.2.3 and 12,34 are no numbers.", &["1.2.3", "12,34"])]
fn these_are_not(#[case] text: &str, #[case] expected: &[&str]) {
    let found = facts().check(text).ungrounded;
    assert_eq!(found, expected, "{text}");
}

#[test]
fn evidence_names_the_fact_and_prints_it_as_the_text_does() {
    let grounding = facts().check("SMA 20 at 612.7");
    let entry = grounding.evidence.iter().find(|entry| entry.text == "612.7").unwrap();
    assert_eq!((entry.name.as_str(), entry.value, entry.source.as_str()), ("sma_20", 612.7414, "test"));
}

#[test]
fn list_lengths_are_facts() {
    let mut facts = Facts::default();
    facts.add("chart", &json!({"support_levels": [1.5, 2.5, 3.5, 4.5]}));
    assert_eq!(facts.check("4 supports").ungrounded, Vec::<String>::new());
    assert_eq!(facts.check("6 supports").ungrounded, ["6"]);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        let _ = facts().check(&text);
    }

    #[test]
    fn digits_and_signs_in_any_order_are_read(text in "[-+0-9$%.,:/ a-zT½–]{0,60}") {
        for mention in mentions(&text) {
            prop_assert!(!mention.readings.is_empty());
        }
    }

    #[test]
    fn a_number_is_its_own_fact(value in -1e6_f64..1e6, digits in 0_usize..4) {
        let printed = format!("{value:.digits$}");
        let mut facts = Facts::default();
        facts.add("x", &json!({"fact": printed.parse::<f64>().unwrap()}));
        prop_assert_eq!(facts.check(&format!("It is {printed} now")).ungrounded, Vec::<String>::new());
    }

    #[test]
    fn a_number_far_from_every_fact_is_found(value in 1000_u32..900_000) {
        let text = format!("It is {value}.25 now");
        prop_assert_eq!(facts().check(&text).ungrounded, vec![format!("{value}.25")]);
    }
}
