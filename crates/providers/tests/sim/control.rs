//! The simulation itself: its clock, its faults on the wire.

use std::sync::Arc;

use ttai_http::{LocalLimits, Service, ServiceConfig};
use ttai_ports::PortError;

use crate::support::{arm, sim, symbol};

fn service(base: &str) -> Service {
    let mut config = ServiceConfig::new("sim", base.parse().unwrap());
    config.attempts = 1;
    Service::new(config, Arc::new(LocalLimits::default()), None).unwrap()
}

#[tokio::test]
async fn it_says_what_it_is_and_its_answers_carry_market_time() {
    let sim = sim().await;
    let service = service(&sim.endpoints.control);
    let about: serde_json::Value = service.get("about", "about").send().await.unwrap().json().unwrap();
    assert_eq!(about["simulated"], true);
    assert!(about["symbols"].as_array().unwrap().iter().any(|symbol| symbol == "AAPL"), "{about}");
    assert!((service.now() - sim.state.market.now()).num_seconds().abs() <= 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn each_fault_of_a_request_is_seen_as_what_it_is() {
    let sim = sim().await;
    let service = service(&sim.endpoints.cboe);
    let call = || service.get("quotes", "anything").send();
    for (fault, wanted) in [
        (r#"{"action":"reset"}"#, "unavailable"),
        (r#"{"action":"lost_reply"}"#, "unavailable"),
        (r#"{"action":"status","status":503}"#, "unavailable"),
        (r#"{"action":"status","status":401}"#, "refuses the credentials"),
        (r#"{"action":"latency","milliseconds":1}"#, "answered 404"),
    ] {
        arm(&sim, fault);
        let error = call().await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{fault}: {error}");
    }
    // Last: it holds up the account.
    arm(&sim, r#"{"action":"status","status":429,"retry_after":70}"#);
    let error = call().await.unwrap_err();
    assert!(
        matches!(error, PortError::Unavailable { retry_after: Some(wait), .. } if wait.as_secs() == 70),
        "{error}"
    );
    let error = call().await.unwrap_err();
    assert!(error.to_string().contains("rate limit"), "{error}");
    sim.shutdown().await;
}

#[tokio::test]
async fn the_market_goes_wrong_as_it_is_told() {
    let sim = sim().await;
    let market = Arc::clone(&sim.state.market);
    let aapl = symbol("AAPL");
    let before = market.quote(&aapl).await.unwrap();
    assert!(before.conditions.is_empty(), "{before:?}");
    arm(&sim, r#"{"action":"split","symbol":"AAPL","ratio":4}"#);
    let split = market.quote(&aapl).await.unwrap();
    let ratio = before.price().unwrap() / split.price().unwrap();
    assert!((ratio - 4.0).abs() < 0.01, "{ratio}");
    sim.state.faults.remove(None, &market);
    assert_eq!(market.quote(&aapl).await.unwrap().price(), before.price());
    arm(&sim, r#"{"action":"crossed","symbol":"AAPL"}"#);
    let crossed = market.quote(&aapl).await.unwrap();
    assert!(crossed.bid > crossed.ask, "{crossed:?}");
    arm(&sim, r#"{"action":"halt","symbol":"AAPL"}"#);
    assert!(market.is_halted(&aapl) && !market.is_halted(&symbol("SPY")));
    assert!(market.is_open());
    arm(&sim, r#"{"action":"early_close"}"#);
    assert!(!market.is_open());
    sim.shutdown().await;
}
