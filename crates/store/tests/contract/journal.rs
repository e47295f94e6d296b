//! The models' turns: recorded once, counted once.

use std::sync::Arc;

use chrono::DateTime;
use serde_json::json;
use ttai_ports::{LlmTurn, LlmUsage, ModelJournal, StoreError};
use ttai_store::sha256_hex;

use super::Bench;

pub(crate) fn turn(number: u32, answer: &str) -> LlmTurn {
    LlmTurn {
        workflow_id: "analysis-AAPL-1".into(),
        run_id: "0190c0de".into(),
        activity: "chart_analysis_activity".into(),
        turn: number,
        prompt_hash: sha256_hex(&number.to_be_bytes()),
        user_id: "ann".into(),
        model: "sim/analyst".into(),
        request: json!([{"role": "user", "text": "a\u{0}b", "fact": 0.1}]),
        answer: json!({ "text": answer }),
        usage: LlmUsage {
            turns: 1,
            input_tokens: 1_000,
            output_tokens: 10,
            cost_usd: 0.003_000_15,
            unpriced_turns: 0,
        },
        created_at: DateTime::UNIX_EPOCH,
    }
}

pub(crate) async fn a_turn_is_kept_and_counted_once(bench: &Bench) {
    let store = bench.store().await;
    let first = turn(1, "first");
    let second =
        LlmTurn { usage: LlmUsage { cost_usd: 0.0, unpriced_turns: 1, ..first.usage }, ..turn(2, "second") };
    let elsewhere = LlmTurn { run_id: "another".into(), ..turn(1, "elsewhere") };
    let repeats = [turn(1, "a repeat"), first.clone()].map(|turn| {
        let store = Arc::clone(&store);
        async move { store.save_turn(&turn).await }
    });
    store.save_turn(&second).await.unwrap();
    store.save_turn(&first).await.unwrap();
    store.save_turn(&elsewhere).await.unwrap();
    for repeat in repeats {
        repeat.await.unwrap();
    }

    let saved = store.turns(&first.workflow_id, &first.run_id, &first.activity).await.unwrap();
    assert!(saved.iter().all(|turn| turn.created_at > DateTime::UNIX_EPOCH));
    let bare: Vec<LlmTurn> =
        saved.into_iter().map(|turn| LlmTurn { created_at: DateTime::UNIX_EPOCH, ..turn }).collect();
    assert_eq!(bare, [first.clone(), second]);
    assert_eq!(store.turns(&first.workflow_id, &first.run_id, "other").await.unwrap(), []);

    let run = store.usage_of_run(&first.workflow_id, &first.run_id).await.unwrap();
    let expected = LlmUsage {
        turns: 2,
        input_tokens: 2_000,
        output_tokens: 20,
        cost_usd: 0.003_000_15,
        unpriced_turns: 1,
    };
    assert_eq!(run, expected);
    assert_eq!(store.usage_of_run("absent", "absent").await.unwrap(), LlmUsage::default());

    let days = store.usage(2).await.unwrap();
    let sum = days.iter().fold(LlmUsage::default(), |sum, day| sum.plus(&day.usage));
    assert_eq!((sum.turns, sum.tokens(), sum.unpriced_turns), (3, 3_030, 1));
    assert!(days.iter().all(|day| (day.user_id.as_str(), day.model.as_str()) == ("ann", "sim/analyst")));
    assert!(matches!(store.usage(0).await, Err(StoreError::Invalid(_))));
    let unhashed = LlmTurn { prompt_hash: "x".into(), ..first };
    assert!(matches!(store.save_turn(&unhashed).await, Err(StoreError::Invalid(_))));
}
