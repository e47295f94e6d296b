//! Which of a user's own symbols fit.

use super::*;
use crate::Tape;

/// The symbols of an invented market.
async fn list() -> (OwnList, Vec<Symbol>) {
    let tape = tokio::task::spawn_blocking(|| {
        let cache = std::env::temp_dir().join("ttai-sim-markets");
        std::fs::create_dir_all(&cache).unwrap();
        let at = "2026-09-18T19:00:00Z".parse().unwrap();
        Tape::open(ttai_sim::market::cached(1, &cache, at).unwrap()).unwrap()
    });
    let tape = Arc::new(tape.await.unwrap());
    let symbols = tape.symbols().await.unwrap();
    let mut twice = symbols.clone();
    twice.extend(symbols.clone());
    twice.push(Symbol::new("ZZZZ").unwrap());
    (OwnList::new(&twice, Arc::clone(&tape) as _, tape), symbols)
}

async fn names(list: &OwnList, request: ScanRequest) -> Vec<String> {
    list.scan(&request).await.unwrap().iter().map(|found| found.symbol.to_string()).collect()
}

fn all() -> ScanRequest {
    ScanRequest { limit: 100, ..ScanRequest::default() }
}

#[tokio::test]
async fn every_bound_is_held_and_what_is_unknown_fits_none() {
    let (list, symbols) = list().await;
    let found = list.scan(&all()).await.unwrap();
    assert_eq!(found.len(), symbols.len(), "each once, and without the one that nobody knows");
    assert!(found.is_sorted_by(|a, b| a.volume >= b.volume), "most traded first");
    let cheap = list.scan(&ScanRequest { max_price: Some(60.0), ..all() }).await.unwrap();
    assert!(!cheap.is_empty() && cheap.len() < found.len());
    assert!(cheap.iter().all(|found| found.price.unwrap() <= 60.0));
    assert_eq!(names(&list, ScanRequest { limit: 1, ..all() }).await.len(), 1);
    assert!(names(&list, ScanRequest { min_volume: Some(u64::MAX), ..all() }).await.is_empty());
    assert_eq!(names(&list, ScanRequest { min_volume: Some(1), ..all() }).await.len(), symbols.len());
    assert!(names(&list, ScanRequest { min_market_cap: Some(1.0), ..all() }).await.is_empty());
    let sectors = vec!["technology".to_owned()];
    let technology = list.scan(&ScanRequest { sectors, ..all() }).await.unwrap();
    assert!(!technology.is_empty() && technology.len() < symbols.len());
    assert!(technology.iter().all(|found| found.sector.as_deref() == Some("Technology")));
}

#[tokio::test]
async fn a_list_that_nobody_knows_fails_and_an_empty_one_finds_nothing() {
    let (known, _) = list().await;
    let unknown = [Symbol::new("ZZZZ").unwrap()];
    let unknown = OwnList::new(&unknown, Arc::clone(&known.market), Arc::clone(&known.metrics));
    assert!(matches!(unknown.scan(&all()).await, Err(PortError::UnknownSymbol { .. })));
    let none = OwnList::new(&[], known.market, known.metrics);
    assert_eq!(none.scan(&all()).await.unwrap(), []);
}
