//! What a core accepts, and what it does next.

use serde::Deserialize;
use ttai_contract::entity::Keyed;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    key: Option<String>,
    text: String,
}

impl Keyed for Note {
    fn key(&self) -> Option<String> {
        self.key.clone()
    }
}

fn note(key: &str, text: &str) -> Note {
    Note { key: Some(key.to_owned()), text: text.to_owned() }
}

fn update(core: &mut Core<Note>, message: Note) -> Answer {
    core.answer(Ok(Judged { message, allowed: Ok(()) })).unwrap()
}

fn signal(core: &mut Core<Note>, message: Note) {
    core.take("note", Ok(Judged { message, allowed: Ok(()) }), None);
}

fn reason(answer: &Answer) -> &str {
    assert!(!answer.accepted);
    answer.reason.as_deref().unwrap()
}

/// As the next run sees it, after a round over the wire.
fn continued(core: &Core<Note>) -> Core<Note> {
    let json = serde_json::to_string(&core.carry(())).unwrap();
    Core::resume(Some(serde_json::from_str::<Carried<Note, ()>>(&json).unwrap())).0
}

/// A core after its first turn.
fn started() -> Core<Note> {
    let mut core = Core::default();
    core.begin_turn();
    core.end_turn(Next::Wait);
    core
}

#[test]
fn a_repeated_key_is_accepted_again_and_applied_once_by_signal_and_update_and_in_the_next_run() {
    let mut core = started();
    signal(&mut core, note("a", "text"));
    let first = update(&mut core, note("b", "text"));
    assert_eq!(update(&mut core, note("a", "text")), first);
    let mut core = continued(&core);
    assert_eq!(update(&mut core, note("b", "text")), first);
    signal(&mut core, note("b", "text"));
    assert_eq!(core.begin_turn(), [note("a", "text"), note("b", "text")]);
    let status = core.status();
    assert_eq!((status.accepted, status.repeated, status.rejected_total), (2, 3, 0));
}

#[test]
fn a_repeated_message_is_accepted_even_where_it_would_not_be_allowed_any_more() {
    let mut core = started();
    update(&mut core, note("a", "text"));
    let repeated = Judged { message: note("a", "text"), allowed: Err("full".to_owned()) };
    assert!(core.answer(Ok(repeated)).unwrap().accepted);
    let new = Judged { message: note("b", "text"), allowed: Err("full".to_owned()) };
    assert_eq!(reason(&core.answer(Ok(new)).unwrap()), "full");
    assert!(update(&mut core, note("b", "text")).accepted, "a refusal is not remembered");
}

#[test]
fn a_key_used_for_another_message_and_one_that_cannot_be_used_are_refused() {
    let mut core = started();
    update(&mut core, note("a", "text"));
    assert!(reason(&update(&mut core, note("a", "other"))).contains("different message"));
    for key in ["", "line\nbreak", &"k".repeat(129)] {
        assert!(reason(&update(&mut core, note(key, "text"))).contains("1 to 128 bytes"), "{key:?}");
    }
    assert_eq!(core.begin_turn().len(), 1);
}

#[test]
fn a_message_without_a_key_is_applied_each_time() {
    let mut core = started();
    let set = Note { key: None, text: "set".to_owned() };
    signal(&mut core, set.clone());
    signal(&mut core, set);
    assert_eq!(core.begin_turn().len(), 2);
}

#[test]
fn the_last_fifty_rejected_signals_are_listed_with_short_reasons() {
    let mut core = started();
    for n in 0..60 {
        let reason = format!("{n}: \"{}\", expected a number", "é".repeat(1_000));
        core.take("note", Err(reason), None);
    }
    let status = continued(&core).status();
    assert_eq!((status.rejected_total, status.rejected.len()), (60, 50));
    let first = &status.rejected[0].reason;
    assert!(first.starts_with("10: ") && first.ends_with("expected a number"), "{first}");
    assert!((293..=300).contains(&first.len()), "{first}");
    assert_eq!(core.answer(Err("x".repeat(1_000))).unwrap_err().len(), 300);
}

#[test]
fn while_paused_messages_are_accepted_up_to_what_can_be_carried_and_turns_wait() {
    let mut core = started();
    core.set_paused(true);
    let large = "x".repeat(400_000);
    assert!(update(&mut core, note("a", &large)).accepted);
    assert!(update(&mut core, note("b", &large)).accepted);
    assert!(reason(&update(&mut core, note("c", &large))).contains("resume first"));
    let mut core = continued(&core);
    assert!(reason(&update(&mut core, note("c", &large))).contains("resume first"));
    core.ring();
    assert_eq!(core.step(false), None);
    core.set_paused(false);
    assert_eq!(core.step(false), Some(Step::Turn(Wake::Messages)));
    assert_eq!(core.begin_turn().len(), 2);
    assert!(update(&mut core, note("c", &large)).accepted);
}

#[test]
fn after_a_shutdown_nothing_new_is_accepted_and_the_last_turn_comes_before_all_else() {
    let mut core = started();
    core.set_paused(true);
    update(&mut core, note("a", "text"));
    core.shut_down();
    assert!(reason(&update(&mut core, note("b", "text"))).contains("shutting down"));
    assert!(update(&mut core, note("a", "text")).accepted, "it was accepted before");
    signal(&mut core, note("c", "text"));
    assert_eq!(core.status().rejected[0].handler, "note");
    assert_eq!(core.step(true), Some(Step::Turn(Wake::Shutdown)));
    assert_eq!(core.begin_turn(), [note("a", "text")]);
}

#[test]
fn the_first_turn_is_taken_once_in_a_life() {
    let mut core = Core::<Note>::default();
    assert_eq!(core.step(false), Some(Step::Turn(Wake::Started)));
    core.begin_turn();
    core.end_turn(Next::Wait);
    assert_eq!(core.step(false), None);
    assert_eq!(continued(&core).step(false), None);
}

#[test]
fn a_run_is_renewed_when_suggested_and_before_the_server_refuses_signals_or_updates() {
    let mut core = started();
    assert_eq!((core.step(false), core.step(true)), (None, Some(Step::Renew)));
    for _ in 0..8_000 {
        assert_eq!(core.step(false), None);
        core.take("note", Err("malformed".to_owned()), None);
    }
    assert_eq!(core.step(false), Some(Step::Renew));

    let mut core = started();
    for _ in 0..1_500 {
        assert_eq!(core.step(false), None);
        core.answer(Err("malformed".to_owned())).unwrap_err();
    }
    assert_eq!(core.step(false), Some(Step::Renew));
    let mut core = continued(&core);
    assert_eq!(core.step(false), None, "the next run counts anew");
    core.set_paused(true);
    assert_eq!(core.step(true), Some(Step::Renew), "a pause does not stop it");
}

#[test]
fn a_run_is_not_renewed_before_it_had_a_turn_or_with_more_than_can_be_carried() {
    let mut core = continued(&started());
    signal(&mut core, note("a", "text"));
    assert_eq!(core.step(true), Some(Step::Turn(Wake::Messages)), "else a busy entity might never have one");
    core.begin_turn();
    signal(&mut core, note("b", "text"));
    assert_eq!(core.step(true), Some(Step::Renew));
    signal(&mut core, note("c", &"x".repeat(1_000_001)));
    assert_eq!(core.step(true), Some(Step::Turn(Wake::Messages)));
}

#[test]
fn an_alarm_is_carried_and_a_turn_sets_it_anew() {
    let at = DateTime::UNIX_EPOCH;
    let mut core = started();
    core.end_turn(Next::At(at));
    let mut core = continued(&core);
    assert_eq!((core.next_turn_at(), core.step(false)), (Some(at), None));
    core.ring();
    assert_eq!(core.step(false), Some(Step::Turn(Wake::Alarm)));
    core.begin_turn();
    core.end_turn(Next::Now);
    assert_eq!(continued(&core).step(false), Some(Step::Turn(Wake::Alarm)));
}

#[test]
fn the_headline_says_what_it_is_doing() {
    let mut core = started();
    assert_eq!(core.headline(), "**running**");
    signal(&mut core, note("a", "text"));
    core.take("note", Err("malformed".to_owned()), None);
    core.set_paused(true);
    core.end_turn(Next::At(DateTime::UNIX_EPOCH));
    assert_eq!(
        core.headline(),
        "**paused** · 1 accepted · 1 waiting · 1 rejected · next turn 1970-01-01 00:00:00 UTC"
    );
}
