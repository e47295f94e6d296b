//! The token's life, with a grant that answers as told and a clock that the test moves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicUsize;

use super::*;

/// Answers as told, one after the other; then with tokens that live 900 s.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<StdMutex<VecDeque<Result<u64, PortError>>>>,
    calls: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Result<u64, PortError>>) -> Self {
        Self { answers: Arc::new(StdMutex::new(answers.into_iter().collect())), calls: Arc::default() }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn tokens(&self) -> Tokens {
        Tokens::new(Box::new(self.clone()))
    }
}

#[async_trait]
impl Grant for Scripted {
    async fn renew(&self) -> Result<Granted, PortError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        // Everybody who wants a token meanwhile has time to queue up.
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(900));
        let token = SecretString::from(format!("token-{call}"));
        answer.map(|seconds| Granted { token, lives: Duration::from_secs(seconds) })
    }
}

fn busy() -> PortError {
    unavailable("the token endpoint answered 503")
}

fn dead() -> PortError {
    refusal(StatusCode::BAD_REQUEST, br#"{"error_code":"invalid_grant","error_description":"Grant revoked"}"#)
}

async fn text(tokens: &Tokens) -> Result<String, PortError> {
    tokens.token().await.map(|token| token.expose_secret().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_hundred_tasks_buy_one_token() {
    let grant = Scripted::default();
    let tokens = Arc::new(grant.tokens());
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let tokens = Arc::clone(&tokens);
            tokio::spawn(async move { text(&tokens).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "token-1");
    }
    assert_eq!(grant.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_a_minute_before_its_end() {
    let grant = Scripted::default();
    let tokens = grant.tokens();
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    tokio::time::advance(Duration::from_secs(839)).await;
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(text(&tokens).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn while_only_the_renewal_fails_the_old_token_serves() {
    let grant = Scripted::new([Ok(900), Err(busy()), Ok(900)]);
    let tokens = grant.tokens();
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    tokio::time::advance(Duration::from_secs(850)).await;
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    assert_eq!(grant.calls(), 2, "a refusal is not answered with a storm");
    tokio::time::advance(PAUSE_AFTER_REFUSAL).await;
    assert_eq!(text(&tokens).await.unwrap(), "token-3");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_passes_is_not_a_dead_grant() {
    let grant = Scripted::new([Err(busy())]);
    let tokens = grant.tokens();
    assert!(matches!(text(&tokens).await, Err(PortError::Unavailable { .. })));
    tokio::time::advance(PAUSE_AFTER_REFUSAL).await;
    assert_eq!(text(&tokens).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn those_who_waited_share_the_refusal() {
    let grant = Scripted::new([Err(busy())]);
    let tokens = Arc::new(grant.tokens());
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let tokens = Arc::clone(&tokens);
            tokio::spawn(async move { text(&tokens).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_err());
    }
    assert_eq!(grant.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_grant_needs_a_person_and_is_not_asked_again_at_once() {
    let grant = Scripted::new([Ok(900), Err(dead()), Err(dead())]);
    let tokens = grant.tokens();
    assert_eq!(text(&tokens).await.unwrap(), "token-1");
    tokio::time::advance(Duration::from_secs(850)).await;
    let error = text(&tokens).await.unwrap_err();
    assert!(matches!(error, PortError::Authentication { .. }), "{error}");
    assert!(error.to_string().contains("Grant revoked") && error.to_string().contains("create a new one"));
    assert!(text(&tokens).await.is_err());
    assert_eq!(grant.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_thrown_away_once() {
    let grant = Scripted::default();
    let tokens = grant.tokens();
    let first = tokens.token().await.unwrap();
    tokens.discard(&first).await;
    let second = tokens.token().await.unwrap();
    // A late refusal of the first does not cost the second.
    tokens.discard(&first).await;
    assert_eq!(tokens.token().await.unwrap().expose_secret(), second.expose_secret());
    assert_eq!(grant.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_absurd_lifetime_does_not_loop() {
    let grant = Scripted::new([Ok(0)]);
    let tokens = grant.tokens();
    for _ in 0..10 {
        assert_eq!(text(&tokens).await.unwrap(), "token-1");
    }
}

#[test]
fn only_oauths_words_kill_a_grant() {
    let of = |status: u16, body: &str| refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes());
    for body in [
        r#"{"error_code":"invalid_grant","error_description":"Invalid JWT"}"#,
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_client","error_description":"x"}"#,
    ] {
        assert!(matches!(of(400, body), PortError::Authentication { .. }), "{body}");
    }
    for body in ["<html>", r#"{"error":{"code":"oops"}}"#, r#"{"error":"temporarily_unavailable"}"#] {
        assert!(matches!(of(400, body), PortError::Unavailable { .. }), "{body}");
    }
    assert!(matches!(of(401, ""), PortError::Authentication { .. }));
}

#[test]
fn a_token_is_read_in_every_form_and_repeated_in_no_error() {
    for (body, seconds) in [
        (r#"{"access_token":"planted","expires_in":900,"token_type":"Bearer"}"#, 900),
        (r#"{"access_token":"planted","expires_in":"900"}"#, 900),
        (r#"{"access_token":"planted"}"#, 0),
        (r#"{"access_token":"planted","expires_in":1e300}"#, LONGEST_LIFE.as_secs()),
        (r#"{"access_token":"planted","expires_in":-1}"#, 0),
    ] {
        assert_eq!(granted(body.as_bytes()).unwrap().lives, Duration::from_secs(seconds), "{body}");
    }
    for body in
        [r#"{"access_token":["planted"]}"#, r#"{"token":"planted"}"#, "planted", r#"{"access_token":""}"#]
    {
        let error = granted(body.as_bytes()).err().unwrap();
        assert!(
            matches!(error, PortError::Unavailable { .. }) && !error.to_string().contains("planted"),
            "{error}"
        );
    }
}
