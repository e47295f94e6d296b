//! The trade journal: entries, marks, notes and links, each user's own.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_ports::{
    Analyses, AnalysisRecord, JournalEntry, JournalFilter, JournalLink, JournalMark, JournalTrade,
    JournalVerdict, MAX_JOURNALED, StoreError, SyncedResource, SyncedRow, SyncedRows, TradeJournal, TradeKey,
};

use super::{Bench, record};

fn entry(user: &str, id: &str, symbol: &str) -> JournalEntry {
    JournalEntry {
        id: id.to_owned(),
        user_id: user.to_owned(),
        workflow_id: format!("analysis-{id}"),
        run_id: "r".to_owned(),
        symbol: symbol.parse().unwrap(),
        market: "live".to_owned(),
        as_of: "2014-06-06T19:00:00Z".parse().unwrap(),
        last_trade_date: "2014-06-20".parse().unwrap(),
        trade: JournalTrade {
            verdict: "select".to_owned(),
            strategy: "csp".to_owned(),
            contract: serde_json::from_value(json!("AAPL  140621P00630000")).unwrap(),
            long_contract: None,
            credit: "5.05".parse().unwrap(),
            breakeven: "624.950001".parse().unwrap(),
            probability_of_profit: Some(0.7735),
        },
        note: None,
        mark: None,
        problem: None,
    }
}

fn mark(profit: i64) -> JournalVerdict {
    let profit = Decimal::new(profit, 6);
    JournalVerdict::Marked(Box::new(JournalMark {
        outcome: "expired".to_owned(),
        split_ratio: Decimal::from(7),
        strike: Decimal::from(90),
        close: Decimal::new(9_091, 2),
        profit,
        profit_per_contract: profit,
        option_profit: profit,
        worst_price: Decimal::new(9_088, 2),
        worst_date: "2014-06-13".parse().unwrap(),
        worst_profit: profit,
        worst_close: Decimal::new(9_091, 2),
        warnings: vec!["w".to_owned()],
    }))
}

fn all() -> JournalFilter {
    JournalFilter::default()
}

fn ids(entries: &[JournalEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

pub(crate) async fn an_entry_is_added_once_and_marked_once(bench: &Bench) {
    let store = bench.store().await;
    let now = Utc::now();
    let first = entry("ann", "a1", "AAPL");
    assert_eq!(store.add_entries("ann", std::slice::from_ref(&first), now).await.unwrap(), 1);
    // The same run under another id, and the same id again.
    let again = [first.clone(), JournalEntry { id: "a2".to_owned(), ..first.clone() }];
    assert_eq!(store.add_entries("ann", &again, now).await.unwrap(), 0);
    assert_eq!(store.entries("ann", &all(), 10).await.unwrap(), std::slice::from_ref(&first));

    let verdict = JournalVerdict::Unmarked("no bars".to_owned());
    assert!(store.save_mark("ann", "a1", &verdict).await.unwrap());
    assert!(!store.save_mark("ann", "a1", &verdict).await.unwrap(), "it says so already");
    assert_eq!(store.entries("ann", &all(), 10).await.unwrap()[0].problem.as_deref(), Some("no bars"));
    assert!(store.save_mark("ann", "a1", &JournalVerdict::Open).await.unwrap());
    assert_eq!(store.entries("ann", &all(), 10).await.unwrap(), [first]);
    assert!(store.save_mark("ann", "a1", &mark(721_429)).await.unwrap());
    for later in [mark(1), JournalVerdict::Unmarked("?".to_owned()), JournalVerdict::Open] {
        assert!(!store.save_mark("ann", "a1", &later).await.unwrap(), "the first mark stands");
    }
    let marked = store.entries("ann", &all(), 10).await.unwrap().remove(0);
    assert_eq!(JournalVerdict::Marked(Box::new(marked.mark.unwrap())), mark(721_429));
    assert_eq!((marked.problem, store.open_entries(None, 10).await.unwrap().len()), (None, 0));
}

pub(crate) async fn the_journal_is_each_users_own(bench: &Bench) {
    let store = bench.store().await;
    for user in ["ann", "bob"] {
        store.add_entries(user, &[entry(user, "a1", "AAPL")], Utc::now()).await.unwrap();
    }
    assert!(store.note_entry("ann", "a1", Some("mine")).await.unwrap());
    assert!(store.save_mark("ann", "a1", &mark(1)).await.unwrap());
    assert!(!store.note_entry("cat", "a1", Some("x")).await.unwrap());
    let bobs = store.entries("bob", &all(), 10).await.unwrap();
    assert_eq!(bobs, [entry("bob", "a1", "AAPL")]);
    let account = SyncedResource { owner: "bob".into(), source: "transactions".into(), resource: "1".into() };
    let at: DateTime<Utc> = "2014-06-09T14:00:00Z".parse().unwrap();
    let row = SyncedRow { key: "7".into(), at, row: json!({"net_amount": "505"}) };
    store.save_synced(&account, &[row], None).await.unwrap();
    let trade = TradeKey { source: "transactions".into(), resource: "1".into(), key: "7".into() };
    let link = |id: &str, by_hand| JournalLink {
        entry_id: id.to_owned(),
        trade: trade.clone(),
        by_hand,
        note: None,
        row: None,
    };
    assert!(store.link_trade("ann", &link("a1", false)).await.unwrap());
    assert_eq!(store.links("ann", None).await.unwrap()[0].row, None, "the transaction is another's");
    assert!(store.link_trade("bob", &link("a1", false)).await.unwrap());
    assert_eq!(store.links("bob", Some("a1")).await.unwrap()[0].row, Some(json!({"net_amount": "505"})));
    assert!(!store.link_trade("cat", &link("a1", true)).await.unwrap(), "there is no such entry");
}

pub(crate) async fn what_somebody_linked_stays_until_somebody_changes_it(bench: &Bench) {
    let store = bench.store().await;
    let entries = [entry("ann", "a1", "AAPL"), entry("ann", "a2", "AAPL")];
    store.add_entries("ann", &entries, Utc::now()).await.unwrap();
    let trade = TradeKey { source: "files".into(), resource: "june.csv".into(), key: "row/x".into() };
    let link = |id: &str, by_hand, note: Option<&str>| JournalLink {
        entry_id: id.to_owned(),
        trade: trade.clone(),
        by_hand,
        note: note.map(Into::into),
        row: None,
    };
    assert!(store.link_trade("ann", &link("a1", false, None)).await.unwrap());
    assert!(!store.link_trade("ann", &link("a2", false, None)).await.unwrap());
    assert!(store.link_trade("ann", &link("a2", true, Some("rolled"))).await.unwrap());
    assert!(!store.link_trade("ann", &link("a1", false, None)).await.unwrap());
    let links = store.links("ann", None).await.unwrap();
    assert_eq!(links, [link("a2", true, Some("rolled"))]);
    assert_eq!(store.links("ann", Some("a1")).await.unwrap(), []);
}

pub(crate) async fn verdicts_are_read_until_they_have_an_entry(bench: &Bench) {
    let store = bench.store().await;
    let verdict = |id: &str, recommendation: &str, strategy: Option<&str>| AnalysisRecord {
        user_id: "ann".into(),
        recommendation: recommendation.into(),
        strategy: strategy.map(Into::into),
        ..record(id)
    };
    for saved in [
        verdict("a", "select", Some("csp")),
        verdict("b", "watchlist", Some("spread")),
        verdict("c", "strong_select", Some("covered_call")),
        verdict("d", "reject", Some("csp")),
        verdict("e", "watchlist", None),
        AnalysisRecord { user_id: "bob".into(), ..verdict("f", "select", Some("csp")) },
    ] {
        store.save(&saved).await.unwrap();
    }
    assert_eq!(store.journal_users().await.unwrap(), ["ann", "bob"]);
    let found = store.unjournaled("ann", None, 2).await.unwrap();
    assert_eq!(found.iter().map(|found| found.workflow_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let rest = store.unjournaled("ann", Some(&found[1].cursor()), 2).await.unwrap();
    assert_eq!(rest.iter().map(|found| found.workflow_id.as_str()).collect::<Vec<_>>(), ["c"]);
    let of = |record: &AnalysisRecord| JournalEntry {
        workflow_id: record.workflow_id.clone(),
        run_id: record.run_id.clone(),
        ..entry("ann", "a1", "AAPL")
    };
    let reached = rest[0].created_at;
    store.add_entries("ann", &[of(&found[0])], reached).await.unwrap();
    let left = store.unjournaled("ann", None, 10).await.unwrap();
    assert_eq!(left.len(), 2, "what was saved within a day before is looked at again");
    let later = reached + chrono::TimeDelta::days(2);
    store.add_entries("ann", &[], later).await.unwrap();
    assert_eq!(store.unjournaled("ann", None, 10).await.unwrap(), []);
    store.add_entries("ann", &[], reached).await.unwrap();
    assert_eq!(store.unjournaled("ann", None, 10).await.unwrap(), [], "the place goes forward only");
}

pub(crate) async fn journals_are_listed_by_page_and_filter(bench: &Bench) {
    let store = bench.store().await;
    let entries: Vec<JournalEntry> = (0..25_u32)
        .map(|number| JournalEntry {
            last_trade_date: chrono::NaiveDate::from_ymd_opt(2014, 6, 1 + number % 3).unwrap(),
            ..entry("ann", &format!("{number:010x}"), if number % 2 == 0 { "AAPL" } else { "MSFT" })
        })
        .collect();
    store.add_entries("ann", &entries, Utc::now()).await.unwrap();
    let (mut filter, mut seen) = (all(), Vec::new());
    loop {
        let page = store.entries("ann", &filter, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.cursor());
        seen.extend(page);
    }
    let mut sorted = entries.clone();
    sorted.sort_by(|one, other| (one.last_trade_date, &one.id).cmp(&(other.last_trade_date, &other.id)));
    assert_eq!(seen, sorted);
    let (mut last, mut open) = (None::<JournalEntry>, Vec::new());
    loop {
        let page = store.open_entries(last.as_ref(), 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        last = page.last().cloned();
        open.extend(page);
    }
    assert_eq!(open.len(), 25);
    assert!(open.windows(2).all(|pair| (&pair[0].symbol, &pair[0].id) < (&pair[1].symbol, &pair[1].id)));
    let with = |change: &dyn Fn(&mut JournalFilter)| {
        let mut filter = all();
        change(&mut filter);
        filter
    };
    let day = |day| chrono::NaiveDate::from_ymd_opt(2014, 6, day);
    store.save_mark("ann", &entries[0].id, &mark(1)).await.unwrap();
    for (filter, count) in [
        (with(&|filter| filter.symbol = Some("AAPL".parse().unwrap())), 13),
        (with(&|filter| filter.market = Some("simulated".to_owned())), 0),
        (with(&|filter| filter.open = Some(false)), 1),
        (with(&|filter| filter.open = Some(true)), 24),
        (with(&|filter| filter.id = Some("000000001".to_owned())), 9),
        (with(&|filter| filter.id = Some("0000000018".to_owned())), 1),
        (with(&|filter| (filter.from, filter.until) = (day(2), day(3))), 8),
    ] {
        assert_eq!(ids(&store.entries("ann", &filter, 100).await.unwrap()).len(), count, "{filter:?}");
    }
}

pub(crate) async fn a_journal_takes_nothing_that_it_could_not_give_back(bench: &Bench) {
    let store = bench.store().await;
    let good = entry("ann", "a1", "AAPL");
    let many: Vec<JournalEntry> =
        (0..=MAX_JOURNALED).map(|number| entry("ann", &format!("{number:x}"), "AAPL")).collect();
    for bad in [
        vec![JournalEntry { id: String::new(), ..good.clone() }],
        vec![JournalEntry { id: "x".repeat(257), ..good.clone() }],
        vec![JournalEntry { market: "\0".into(), ..good.clone() }],
        vec![JournalEntry { last_trade_date: "1969-12-31".parse().unwrap(), ..good.clone() }],
        // What is good goes along with what is not.
        vec![good.clone(), JournalEntry { workflow_id: String::new(), ..good.clone() }],
        many,
    ] {
        let answer = store.add_entries("ann", &bad, Utc::now()).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
    assert_eq!(store.entries("ann", &all(), 10).await.unwrap(), []);
    store.add_entries("ann", &[good], Utc::now()).await.unwrap();
    assert!(store.note_entry("ann", "a1", Some(&"x".repeat(4_001))).await.is_err());
    assert!(store.note_entry("ann", "a1", Some("é 'quoted' -- ; \u{1F600}")).await.unwrap());
    assert_eq!(
        store.entries("ann", &all(), 1).await.unwrap()[0].note.as_deref(),
        Some("é 'quoted' -- ; \u{1F600}")
    );
    assert!(store.entries("ann", &all(), 0).await.is_err());
    assert!(store.entries("", &all(), 1).await.is_err());
}
