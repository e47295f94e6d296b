//! `ttai drill alerts` over an invented day: what the tape says must fire does, once, while workers are killed and streams cut.

use serde_json::{Value, json};

use crate::home::Home;

/// The invented day.
const DAY: &str = "2026-09-18";

#[tokio::test]
async fn alerts_fire_as_the_tape_says_while_workers_die() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let market = ["--symbols", "AAPL", "--seed", "1", "--start", "2026-09-18T20:00", "--out", "tape"];
    home.run(&[&["record"], &market[..]].concat())?.expect(0)?;
    let quotes = home.run(&["quotes", "AAPL", "--tape", "tape", "--json"])?.expect(0)?.json()?;
    let price = price(&quotes).ok_or_else(|| anyhow::anyhow!("no price in {quotes}"))?;
    std::fs::write(home.path("alerts.json"), json!({ "alerts": alerts(price) }).to_string())?;
    let drill = [
        "drill",
        "alerts",
        "--tape",
        "tape",
        "--alerts",
        "alerts.json",
        "--speed",
        "600",
        "--kills",
        "4",
        "--seed",
        "3",
    ];
    let rows =
        home.run_for(&[&drill[..], &["--json"]].concat(), crate::home::DEADLINE * 3)?.expect(0)?.json()?;
    let rows = rows.as_array().cloned().unwrap_or_default();
    assert_eq!(rows.len(), 12, "{rows:?}");
    let fired = rows.iter().filter(|row| row["fired"] == json!(true)).count();
    assert!(
        (3..12).contains(&fired),
        "{fired} fired: levels on both sides of the day's range are wanted: {rows:?}"
    );
    for row in &rows {
        assert_eq!(row["first_bar_ny"], row["must_fire_ny"], "{row}");
        assert_eq!(
            (row["deliveries"].as_u64() > Some(0), &row["unmarked_repeats"]),
            (row["fired"] == json!(true), &json!(0))
        );
    }
    Ok(())
}

fn price(quotes: &Value) -> Option<f64> {
    match quotes {
        Value::Array(list) => list.iter().find_map(price),
        Value::Object(fields) => {
            let last = fields.get("last").or_else(|| fields.get("price"));
            let number = last.and_then(|last| last.as_f64().or_else(|| last.as_str()?.parse().ok()));
            number.or_else(|| fields.values().find_map(price))
        }
        _ => None,
    }
}

/// Levels around a price: near ones are touched at some time of the day, far ones never.
fn alerts(price: f64) -> Vec<Value> {
    let steps = [0.0, 0.002, 0.004, 0.008, 0.2, 0.3];
    let of = |side: &str, sign: f64| {
        let side = side.to_owned();
        steps.map(|step| {
            json!({
                "id": format!("{side}-{step}"),
                "symbol": "AAPL",
                "sessions": [DAY],
                "session_scope": "rth",
                "side": side,
                "level": (price * (1.0 + sign * step) * 100.0).round() / 100.0,
            })
        })
    };
    of("above", 1.0).into_iter().chain(of("below", -1.0)).collect()
}
