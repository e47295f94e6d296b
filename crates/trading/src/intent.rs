//! What is to be traded, and the client order id that follows from its place in a workflow. Sends nothing, prices nothing.

use std::fmt;
use std::ops::Deref;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use ttai_core::TimeInForce;
pub use ttai_core::{IntentLeg, NetPrice, OrderPurpose};

use crate::words::hex;

/// Legs of one order at most, at both brokers.
pub const MAX_LEGS: usize = 4;
/// Longest text of an intent (user, account, strategy, workflow id), in bytes.
const MAX_TEXT: usize = 256;

/// Our identity of an order: 1 to 48 of `a-z 0-9 -`, which Alpaca's `client_order_id` (128 characters) and tastytrade's
/// `external-identifier` both take.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientOrderId(String);

impl ClientOrderId {
    /// Longest id.
    pub const MAX_LENGTH: usize = 48;

    /// Reads an id.
    ///
    /// # Errors
    /// [`IntentError::ClientOrderId`] for a text that is none.
    pub fn new(text: &str) -> Result<Self, IntentError> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Ok(Self(text.to_owned()));
        }
        Err(IntentError::ClientOrderId(text.chars().take(Self::MAX_LENGTH).collect()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClientOrderId {
    type Error = IntentError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<ClientOrderId> for String {
    fn from(id: ClientOrderId) -> Self {
        id.0
    }
}

/// The place of an order in the workflow that it stems from. One place is one order: asked again, after whatever
/// restart, it has the same client order id, also where price or quantity were computed anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderSlot {
    /// The workflow's id, without its run id, which changes at continue-as-new and at a reset.
    pub workflow_id: String,
    /// Why.
    pub purpose: OrderPurpose,
    /// Which step of the legging plan, from 0, where legs are sent one by one; none for an order of all legs.
    pub leg: Option<u8>,
    /// The number of the order for this purpose and leg, from 0: a second one is sent only after the first has ended.
    pub sequence: u32,
}

impl OrderSlot {
    /// The client order id of the order of this place in an account: `ttai-` and 32 hexadecimal digits of a SHA-256.
    #[must_use]
    pub fn client_order_id(&self, account: &str) -> ClientOrderId {
        let leg = self.leg.map_or_else(|| "all".to_owned(), |leg| leg.to_string());
        let sequence = self.sequence.to_string();
        let digest = hash([account, &self.workflow_id, self.purpose.as_str(), &leg, &sequence]);
        ClientOrderId(format!("ttai-{}", digest.get(..32).unwrap_or(&digest)))
    }
}

/// SHA-256 of texts, each with its length before it, so that no two lists are hashed alike.
fn hash<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hex(&hasher.finalize())
}

/// The terms of an intent, not yet checked; [`TradeIntent`] is what was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentTerms {
    /// Whose.
    pub user: String,
    /// The broker's account.
    pub account: String,
    /// The strategy that decided it.
    pub strategy: String,
    /// Where it stems from.
    pub slot: OrderSlot,
    /// 1 to 4 legs of different instruments; also read from JSON in a string, as some models send it.
    #[serde(deserialize_with = "legs")]
    pub legs: Vec<IntentLeg>,
    /// Units, at least 1.
    pub quantity: u32,
    /// The worst price at which a unit may be traded.
    pub limit: NetPrice,
}

/// Legs as a list, or as a string that has one.
fn legs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IntentLeg>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        List(Vec<IntentLeg>),
        Text(String),
    }
    match Sent::deserialize(deserializer)? {
        Sent::List(legs) => Ok(legs),
        Sent::Text(text) => serde_json::from_str(&text).map_err(serde::de::Error::custom),
    }
}

/// An order that is to be traded, whose terms were checked. It stands for the day, and is never a market order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "IntentTerms", into = "IntentTerms")]
pub struct TradeIntent(IntentTerms);

/// Why terms are no intent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// No client order id.
    #[error("'{0}' is not a client order id; use 1 to 48 of a-z, 0-9 and -")]
    ClientOrderId(String),
    /// A text is missing or too long.
    #[error("{0} must have 1 to 256 characters")]
    Text(&'static str),
    /// Too few or too many.
    #[error("an order has 1 to 4 legs, not {0}")]
    Legs(usize),
    /// Nothing is ordered.
    #[error("the quantity and each leg's ratio must be at least 1")]
    Nothing,
    /// One instrument has two legs.
    #[error("{0} is in two legs; put it into one")]
    Repeated(String),
    /// The ratios could be smaller.
    #[error("the legs' ratios have the common factor {0}; divide them and multiply the quantity")]
    Ratios(u32),
    /// A price that no order has.
    #[error("a limit of {0} is out of range; use dollars a share from 0 (one leg: above 0) to 10,000,000")]
    Price(Decimal),
    /// A purchase for a credit, or a sale for a debit.
    #[error("one leg that is bought has a debit as its limit, one that is sold a credit")]
    Direction,
}

impl TradeIntent {
    /// How long every order stands: what is still open at the close would outlive its approval and its quotes.
    pub const TIME_IN_FORCE: TimeInForce = TimeInForce::Day;

    /// Checks the terms.
    ///
    /// # Errors
    /// [`IntentError`] names the first term that does not hold.
    pub fn new(terms: IntentTerms) -> Result<Self, IntentError> {
        let texts = [
            ("user", &terms.user),
            ("account", &terms.account),
            ("strategy", &terms.strategy),
            ("workflow_id", &terms.slot.workflow_id),
        ];
        if let Some((name, _)) = texts.iter().find(|(_, text)| !(1..=MAX_TEXT).contains(&text.len())) {
            return Err(IntentError::Text(name));
        }
        check_legs(&terms.legs)?;
        if terms.quantity == 0 {
            return Err(IntentError::Nothing);
        }
        check_limit(&terms.legs, terms.limit)?;
        Ok(Self(terms))
    }

    /// The same with another limit, as after a new quote.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at(&self, limit: NetPrice) -> Result<Self, IntentError> {
        Self::new(IntentTerms { limit, ..self.0.clone() })
    }

    /// Its client order id.
    #[must_use]
    pub fn client_order_id(&self) -> ClientOrderId {
        self.slot.client_order_id(&self.account)
    }

    /// Hash of what is traded, price aside. The claim stores it beside the client order id: one id with two
    /// fingerprints is two different orders in one place, and the second is refused.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let legs = self.legs.iter().map(|leg| format!("{}|{:?}|{}", leg.instrument, leg.action, leg.ratio));
        let mut texts = vec![self.user.clone(), self.account.clone(), self.strategy.clone()];
        texts.push(self.quantity.to_string());
        texts.extend(legs);
        hash(texts.iter().map(String::as_str))
    }

    /// Whether any leg opens, so that the position grows.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.legs.iter().any(|leg| leg.action.is_opening())
    }
}

impl Deref for TradeIntent {
    type Target = IntentTerms;
    fn deref(&self) -> &IntentTerms {
        &self.0
    }
}

impl TryFrom<IntentTerms> for TradeIntent {
    type Error = IntentError;
    fn try_from(terms: IntentTerms) -> Result<Self, Self::Error> {
        Self::new(terms)
    }
}

impl From<TradeIntent> for IntentTerms {
    fn from(intent: TradeIntent) -> Self {
        intent.0
    }
}

fn check_legs(legs: &[IntentLeg]) -> Result<(), IntentError> {
    if !(1..=MAX_LEGS).contains(&legs.len()) {
        return Err(IntentError::Legs(legs.len()));
    }
    if legs.iter().any(|leg| leg.ratio == 0) {
        return Err(IntentError::Nothing);
    }
    for (at, leg) in legs.iter().enumerate() {
        if legs.iter().skip(at + 1).any(|other| other.instrument == leg.instrument) {
            return Err(IntentError::Repeated(leg.instrument.to_string()));
        }
    }
    match legs.iter().map(|leg| leg.ratio).fold(0, gcd) {
        1 => Ok(()),
        factor => Err(IntentError::Ratios(factor)),
    }
}

fn check_limit(legs: &[IntentLeg], limit: NetPrice) -> Result<(), IntentError> {
    let amount = limit.amount();
    let least_fits = if legs.len() == 1 { amount > Decimal::ZERO } else { amount >= Decimal::ZERO };
    if !least_fits || amount > Decimal::from(10_000_000) {
        return Err(IntentError::Price(amount));
    }
    match (legs, limit) {
        ([only], NetPrice::Credit(_)) if only.action.is_buy() => Err(IntentError::Direction),
        ([only], NetPrice::Debit(_)) if !only.action.is_buy() => Err(IntentError::Direction),
        _ => Ok(()),
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use ttai_core::OrderAction;

    use super::*;
    use crate::testing::{cents, csp, leg, terms};

    #[test]
    fn one_place_is_one_client_order_id_that_both_brokers_take() {
        let intent = csp();
        let id = intent.client_order_id();
        assert_eq!(id, csp().client_order_id());
        // Requoted, or of another size: still the same order.
        assert_eq!(intent.at(NetPrice::Credit(cents(499))).unwrap().client_order_id(), id);
        // Pinned: a changed derivation would send orders of running workflows again.
        assert_eq!(id.as_str(), "ttai-9fe4d495123c52f6f28fe348166bd01c");
        assert!(id.as_str().len() <= ClientOrderId::MAX_LENGTH && ClientOrderId::new(id.as_str()).is_ok());
    }

    #[test]
    fn every_part_of_the_place_counts() {
        let slot = csp().slot.clone();
        let mut ids = vec![slot.client_order_id("A"), slot.client_order_id("B")];
        ids.push(OrderSlot { leg: Some(0), ..slot.clone() }.client_order_id("A"));
        ids.push(OrderSlot { leg: Some(1), ..slot.clone() }.client_order_id("A"));
        ids.push(OrderSlot { sequence: 1, ..slot.clone() }.client_order_id("A"));
        ids.push(OrderSlot { purpose: OrderPurpose::Exit, ..slot.clone() }.client_order_id("A"));
        ids.push(OrderSlot { workflow_id: "other".to_owned(), ..slot }.client_order_id("A"));
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn other_content_in_the_same_place_has_another_fingerprint_and_a_new_price_has_not() {
        let intent = csp();
        assert_eq!(intent.at(NetPrice::Credit(cents(1))).unwrap().fingerprint(), intent.fingerprint());
        let other =
            TradeIntent::new(IntentTerms { quantity: 2, ..IntentTerms::from(intent.clone()) }).unwrap();
        assert_eq!(other.client_order_id(), intent.client_order_id());
        assert_ne!(other.fingerprint(), intent.fingerprint());
    }

    #[test]
    fn terms_that_are_no_order_are_refused() {
        let short = leg("AAPL  140621P00630000", OrderAction::SellToOpen, 1);
        let long = leg("AAPL  140621P00620000", OrderAction::BuyToOpen, 1);
        let credit = NetPrice::Credit(cents(505));
        let doubled = |mut leg: IntentLeg| {
            leg.ratio = 2;
            leg
        };
        for (legs, limit, wanted) in [
            (vec![], credit, IntentError::Legs(0)),
            (vec![short.clone(); 5], credit, IntentError::Legs(5)),
            (vec![short.clone(), short.clone()], credit, IntentError::Repeated(short.instrument.to_string())),
            (vec![doubled(short.clone()), doubled(long.clone())], credit, IntentError::Ratios(2)),
            (vec![short.clone()], NetPrice::Debit(cents(505)), IntentError::Direction),
            (vec![long.clone()], credit, IntentError::Direction),
            (vec![long], NetPrice::Debit(Decimal::ZERO), IntentError::Price(Decimal::ZERO)),
        ] {
            assert_eq!(TradeIntent::new(terms(legs, limit)), Err(wanted));
        }
        assert!(ClientOrderId::new("Upper").is_err() && ClientOrderId::new(&"a".repeat(49)).is_err());
    }

    #[test]
    fn legs_in_a_string_are_read_and_nonsense_is_not() {
        let mut json = serde_json::to_value(csp()).unwrap();
        let text = json["legs"].to_string();
        json["legs"] = serde_json::json!(text);
        assert_eq!(serde_json::from_value::<TradeIntent>(json.clone()).unwrap(), csp());
        for bad in [serde_json::json!("[]"), serde_json::json!("[{}]"), serde_json::json!("x")] {
            json["legs"] = bad;
            assert!(serde_json::from_value::<TradeIntent>(json.clone()).is_err());
        }
    }
}
