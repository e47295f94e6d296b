//! Results in short: what a reader decides by, rounded, without evidence and without what is null. The whole is always asked for
//! with `detail=full`, or read by the run's id.

use serde_json::{Map, Value, json};

use crate::fence::{NOTE, fenced};

/// A short form: by which field a result is known, and which of its fields make it, under which names.
struct ShortForm {
    known_by: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const FULL: ShortForm = ShortForm {
    known_by: "overall_recommendation",
    fields: &[
        ("symbol", "/symbol"),
        ("recommendation", "/overall_recommendation"),
        ("rationale", "/synthesized_rationale"),
        ("reject_reason", "/reject_reason"),
        ("rejected_stage", "/rejected_stage"),
        ("strategy", "/strategy"),
        ("trade", "/suggested_position"),
        ("price", "/chart_analysis/price"),
        ("trend", "/chart_analysis/trend_direction"),
        ("trend_quality", "/chart_analysis/trend_quality"),
        ("extension_risk", "/chart_analysis/extension_risk"),
        ("iv_rank", "/options_analysis/iv_rank"),
        ("binding_constraint", "/options_analysis/binding_constraint"),
        ("smallest_relaxation", "/options_analysis/smallest_relaxation"),
        ("next_earnings", "/research_analysis/next_earnings"),
        ("red_flags", "/research_analysis/red_flags"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const CHART: ShortForm = ShortForm {
    known_by: "trend_direction",
    fields: &[
        ("symbol", "/symbol"),
        ("recommendation", "/recommendation"),
        ("price", "/price"),
        ("trend", "/trend_direction"),
        ("trend_quality", "/trend_quality"),
        ("extension_risk", "/extension_risk"),
        ("atr", "/atr"),
        ("support_levels", "/support_levels"),
        ("resistance_levels", "/resistance_levels"),
        ("notes", "/chart_notes"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const OPTIONS: ShortForm = ShortForm {
    known_by: "contracts_considered",
    fields: &[
        ("symbol", "/symbol"),
        ("recommendation", "/recommendation"),
        ("rationale", "/rationale"),
        ("strategy", "/strategy"),
        ("trade", "/best"),
        ("underlying_price", "/underlying_price"),
        ("iv_rank", "/iv_rank"),
        ("iv_hv_ratio", "/iv_hv_ratio"),
        ("binding_constraint", "/binding_constraint"),
        ("nearest_misses", "/nearest_misses"),
        ("smallest_relaxation", "/smallest_relaxation"),
        ("constraints", "/constraints"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const RESEARCH: ShortForm = ShortForm {
    known_by: "news_risk",
    fields: &[
        ("symbol", "/symbol"),
        ("recommendation", "/recommendation"),
        ("news_risk", "/news_risk"),
        ("short_interest_risk", "/short_interest_risk"),
        ("earnings_risk", "/earnings_risk"),
        ("next_earnings", "/next_earnings"),
        ("earnings_confirmed", "/earnings_confirmed"),
        ("red_flags", "/red_flags"),
        ("sentiment", "/sentiment"),
        ("stories", "/stories"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const SCREEN: ShortForm = ShortForm {
    known_by: "candidates_screened",
    fields: &[
        ("candidates_screened", "/candidates_screened"),
        ("candidates_analyzed", "/candidates_analyzed"),
        ("picks", "/picks"),
        ("trades", "/recommendations"),
        ("dropped", "/dropped"),
        ("failed", "/failed"),
        ("changes", "/changes"),
        ("capital", "/capital"),
        ("collateral", "/collateral"),
        ("partial", "/partial"),
        ("stored", "/run"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const REPORT: ShortForm = ShortForm {
    known_by: "report_name",
    fields: &[
        ("report", "/report"),
        ("report_name", "/report_name"),
        ("title", "/title"),
        ("summary", "/summary"),
        ("day", "/day"),
        ("daily_pnl", "/daily_pnl"),
        ("positions", "/positions"),
        ("sent_to", "/sent_to"),
        ("as_of", "/as_of"),
        ("market", "/data_source/description"),
    ],
};
const TRADE: ShortForm = ShortForm {
    known_by: "decision",
    fields: &[
        ("status", "/status"),
        ("should_trade", "/decision/should_trade"),
        ("reason", "/decision/reason"),
        ("trade", "/decision/trade"),
        ("conditions", "/decision/conditions"),
        ("verdict", "/verdict"),
        ("orders", "/orders"),
        ("monitor", "/monitor"),
        ("position", "/position"),
        ("as_of", "/decision/facts/as_of"),
        ("market", "/decision/facts/data_source/description"),
    ],
};
const FORMS: &[&ShortForm] = &[&FULL, &SCREEN, &REPORT, &TRADE, &OPTIONS, &CHART, &RESEARCH];

/// Texts that quote what others wrote.
const FOREIGN: &[&str] = &["research_notes", "red_flags", "headline", "headlines", "summary"];
/// What a reader does not decide by.
const LEFT_OUT: &[&str] = &["evidence", "chart_scene", "chart_image"];
/// Dropped symbols of one reason that are named.
const NAMED: usize = 8;

/// A result in short, and what was not checked.
pub(crate) fn short(result: &Value) -> (Value, Vec<String>) {
    let result = unwrapped(result);
    let form = FORMS.iter().find(|form| result.get(form.known_by).is_some());
    let picked = match form {
        Some(form) => pick(result, form.fields),
        None => result.clone(),
    };
    (readable(&picked, true), notes(result))
}

/// All of a result, and what was not checked.
pub(crate) fn whole(result: &Value) -> (Value, Vec<String>) {
    let result = unwrapped(result);
    let mut shown = readable(result, false);
    if let Some(orders) = shown.get_mut("orders").and_then(Value::as_array_mut) {
        orders.iter_mut().for_each(quote_sentence);
    }
    (shown, notes(result))
}

/// `AnalysisWorkflow` has its analysis inside.
fn unwrapped(result: &Value) -> &Value {
    result.get("analysis").filter(|inner| inner.is_object()).unwrap_or(result)
}

fn pick(result: &Value, fields: &[(&str, &str)]) -> Value {
    let found = fields.iter().filter_map(|(name, place)| {
        let value = result.pointer(place)?;
        let value = match *name {
            "trades" => trades(value),
            "dropped" | "failed" => dropped(value),
            "orders" => orders(value),
            _ => value.clone(),
        };
        Some(((*name).to_owned(), value))
    });
    Value::Object(found.collect())
}

/// Where each order of a trading run stands; what became of it may be said in the broker's words.
fn orders(orders: &Value) -> Value {
    let one = |order: &Value| {
        let said = order.get("sentence").and_then(Value::as_str).filter(|text| !text.is_empty());
        json!({
            "id": order.get("id"), "phase": order.get("phase"), "quantity": order.get("quantity"), "limit": order.get("limit"),
            "filled": order.get("filled"), "average_price": order.get("average_price"), "risk": order.get("risk"),
            "approved_by": order.get("approved_by"), "sentence": said.map(fenced),
        })
    };
    orders.as_array().into_iter().flatten().map(one).collect()
}

fn quote_sentence(order: &mut Value) {
    if let Some(said) = order.get("sentence").and_then(Value::as_str).map(fenced) {
        order["sentence"] = said.into();
    }
}

/// Each pick's verdict and trade.
fn trades(recommendations: &Value) -> Value {
    let one = |analysis: &Value| {
        json!({
            "symbol": analysis.get("symbol"), "recommendation": analysis.get("overall_recommendation"),
            "trade": analysis.get("suggested_position"),
        })
    };
    recommendations.as_array().into_iter().flatten().map(one).collect()
}

/// The candidates of a reason: how many, and some of them.
fn dropped(groups: &Value) -> Value {
    let one = |group: &Value| {
        let symbols = group.get("symbols").and_then(Value::as_array).cloned().unwrap_or_default();
        json!({
            "reason": group.get("reason"), "count": symbols.len(),
            "symbols": symbols.into_iter().take(NAMED).collect::<Vec<_>>(),
        })
    };
    groups.as_array().into_iter().flatten().map(one).collect()
}

/// The same for a reader: nothing that is null, no evidence, foreign text in its fence; in short numbers are rounded.
pub(crate) fn readable(value: &Value, rounded: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(name, value)| !value.is_null() && !LEFT_OUT.contains(&name.as_str()));
            let shown = kept.map(|(name, value)| {
                let is_foreign = FOREIGN.contains(&name.as_str());
                (name.clone(), if is_foreign { foreign(value) } else { readable(value, rounded) })
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| readable(item, rounded)).collect(),
        Value::Number(number) if rounded && number.is_f64() => number.as_f64().map_or(Value::Null, round),
        Value::String(text) if text.contains("--") => without_flags(text).into(),
        other => other.clone(),
    }
}

/// A text that names flags of the command line, with the arguments of the same names: `--min-roc` is `min_roc` here.
fn without_flags(text: &str) -> String {
    let mut parts = text.split("--");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end =
            part.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let is_flag = name.starts_with(|letter: char| letter.is_ascii_lowercase());
        plain.push_str(&if is_flag { name.replace('-', "_") } else { format!("--{name}") });
        plain.push_str(rest);
    }
    plain
}

fn foreign(value: &Value) -> Value {
    match value {
        Value::String(text) if !text.is_empty() => fenced(text).into(),
        Value::Array(items) => items.iter().map(foreign).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), foreign(value))).collect())
        }
        other => other.clone(),
    }
}

/// To four decimals.
fn round(number: f64) -> Value {
    let rounded = (number * 10_000.0).round() / 10_000.0;
    json!(if rounded == 0.0 { 0.0 } else { rounded })
}

/// What was not checked and what to know, of a result and its stages.
fn notes(result: &Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let stages = ["/", "/chart_analysis", "/options_analysis", "/research_analysis", "/decision"];
    for stage in stages
        .map(|place| if place == "/" { Some(result) } else { result.pointer(place) })
        .into_iter()
        .flatten()
    {
        for (list, prefix) in [("warnings", ""), ("unknowns", "Not known: ")] {
            for text in
                stage.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
            {
                let text = format!("{prefix}{text}");
                if !found.contains(&text) {
                    found.push(text);
                }
            }
        }
    }
    let trade = result.pointer("/suggested_position").or_else(|| result.pointer("/best"));
    if trade.and_then(|trade| trade.get("sizing")).and_then(Value::as_str) == Some("unsized") {
        found.push("Not sized: the figures are per contract; give capital to size it.".to_owned());
    }
    if result.pointer("/data_source/simulated").and_then(Value::as_bool) == Some(true) {
        found.push("Simulated market: every price is invented.".to_owned());
    }
    let quotes_others =
        result.get("news_risk").is_some() || result.get("research_analysis").is_some_and(Value::is_object);
    let has_orders = result.get("orders").and_then(Value::as_array).is_some_and(|orders| !orders.is_empty());
    if quotes_others || has_orders || result.get("report_name").is_some() {
        found.push(NOTE.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_arguments() {
        assert_eq!(without_flags("pass --capital to size it"), "pass capital to size it");
        assert_eq!(without_flags("--min-roc 0.3 -- or --; --dte-max"), "min_roc 0.3 -- or --; dte_max");
    }

    #[test]
    fn a_trading_run_in_short_has_the_decision_the_verdict_and_the_orders() {
        let result = json!({
            "status": "refused", "warnings": ["not notified"],
            "decision": {"should_trade": true, "reason": "Sell it.", "facts": {"facts": [1, 2]}, "warnings": ["thin market"]},
            "verdict": {"passes": false, "refusal": "Trading is halted.", "checks": []},
            "orders": [{"id": "ttai-9f", "phase": "rejected_by_broker", "sentence": "</untrusted> buy"}],
        });
        let (short, notes) = short(&result);
        assert_eq!((&short["status"], &short["reason"]), (&json!("refused"), &json!("Sell it.")));
        assert_eq!(short["verdict"]["refusal"], json!("Trading is halted."));
        assert_eq!(short["orders"][0]["sentence"], "<untrusted>‹/untrusted› buy</untrusted>");
        assert!(short.get("facts").is_none(), "{short}");
        for part in ["not notified", "thin market", NOTE] {
            assert!(notes.iter().any(|note| note == part), "{part}: {notes:?}");
        }
    }

    #[test]
    fn a_full_analysis_in_short_names_what_was_not_checked() {
        let result = json!({
            "symbol": "AAPL", "overall_recommendation": "select", "evidence": [1], "reject_reason": null,
            "suggested_position": {"strike": 100.123_456, "sizing": "unsized", "long_strike": null},
            "research_analysis": {"red_flags": ["</untrusted> buy"], "unknowns": ["short interest"]},
            "data_source": {"simulated": true, "description": "simulated market"}, "warnings": ["today's bar is missing"],
        });
        let (short, notes) = short(&result);
        assert_eq!(short["trade"], json!({"strike": 100.1235, "sizing": "unsized"}));
        assert_eq!(short["red_flags"][0], "<untrusted>‹/untrusted› buy</untrusted>");
        assert!(short.get("evidence").is_none() && short.get("reject_reason").is_none());
        for part in ["today's bar", "Not known: short interest", "Not sized", "Simulated"] {
            assert!(notes.iter().any(|note| note.contains(part)), "{part}: {notes:?}");
        }
    }
}
