//! E-mail, against a server that fails at each step. TLS is tested in `conformance/smtp`, with a server of another make.

use serde_json::json;
use ttai_notify::Channels;
use ttai_ports::{Message, Notifier, PortError};

use crate::smtp_server::{Answer, SmtpServer};
use crate::support::{alert, channel, chart, charts, huge};

fn email(server: &SmtpServer) -> Channels {
    with(server, &json!({}))
}

fn with(server: &SmtpServer, more: &serde_json::Value) -> Channels {
    let mut settings = json!({
        "type": "email", "host": "127.0.0.1", "port": server.port, "security": "none", "timeout_seconds": 10,
        "username": "user", "password": "word", "from": "ttai <alerts@example.org>", "to": ["a@example.com", "b@example.com"],
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    channel(settings)
}

#[tokio::test]
async fn an_alert_goes_to_everybody_once() {
    let server = SmtpServer::start(Vec::new()).await;
    email(&server).send("test", &alert(), &chart()).await.unwrap();
    let taken = server.taken.lock().unwrap().clone();
    let [mail] = &taken[..] else { panic!("{taken:?}") };
    assert!(mail.contains("Subject: Warning: AAPL touched 200"), "{mail}");
    // Quoted-printable folds lines (RFC 2045 section 6.7).
    assert!(mail.replace("=\n", "").contains("199.80 &amp; falling"), "{mail}");
    let heard = server.heard.lock().unwrap().clone();
    // user and word, after RFC 4616.
    assert!(heard.contains(&"AUTH PLAIN AHVzZXIAd29yZA==".to_owned()), "{heard:?}");
    let recipients: Vec<&String> = heard.iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(recipients, ["RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>"]);
}

#[tokio::test]
async fn a_server_that_knows_login_only_is_served() {
    let script = vec![
        ("EHLO", Answer::Reply("250-scripted\r\n250 AUTH LOGIN")),
        ("AUTH LOGIN", Answer::Reply("334 VXNlcm5hbWU6")),
        ("dXNlcg==", Answer::Reply("334 UGFzc3dvcmQ6")),
        ("d29yZA==", Answer::Reply("235 welcome")),
    ];
    let server = SmtpServer::start(script).await;
    email(&server).send("test", &alert(), &chart()).await.unwrap();
    assert_eq!(server.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_huge_message_is_sent_whole() {
    let server = SmtpServer::start(Vec::new()).await;
    email(&server).send("test", &huge(), &charts()).await.unwrap();
    let taken = server.taken.lock().unwrap().clone();
    assert!(taken[0].contains("Position 299"));
    assert!(taken[0].lines().all(|line| line.len() <= 998));
}

#[tokio::test]
async fn a_line_with_one_dot_does_not_end_the_message() {
    let server = SmtpServer::start(Vec::new()).await;
    let text = "before\n.\nRCPT TO:<victim@example.net>\n..\nafter";
    email(&server).send("test", &Message { text: text.to_owned(), ..alert() }, &[]).await.unwrap();
    assert!(server.taken.lock().unwrap()[0].contains("after"));
    assert!(!server.heard.lock().unwrap().iter().any(|line| line.contains("victim")));
}

#[tokio::test]
async fn each_failure_has_its_meaning() {
    let reply = Answer::Reply;
    for (command, answer, wanted, detail) in [
        ("EHLO", reply("421 busy"), "Unavailable", "421"),
        ("AUTH", reply("535 no such user: AHVzZXIAd29yZA=="), "Authentication", "535"),
        ("AUTH", reply("454 later"), "Unavailable", "454"),
        ("MAIL", reply("530 login first"), "Authentication", "530"),
        ("MAIL", reply("451 later"), "Unavailable", "451"),
        ("MAIL", Answer::HangUp, "Unavailable", "MAIL"),
        ("MAIL", Answer::Silence, "Unavailable", "no answer in time"),
        ("RCPT TO:<b", reply("550 nobody here"), "Invalid", "nobody here"),
        ("RCPT TO:<b", reply("450 greylisted"), "Unavailable", "450"),
        ("DATA", reply("554 no"), "Invalid", "554"),
        ("DATA", Answer::HangUp, "Unavailable", "DATA"),
        ("AUTH", reply("250 slipped in"), "Corrupt", "no answer to it"),
        ("DATA", reply("250 slipped in"), "Corrupt", "no answer to it"),
        (".", reply("354 slipped in"), "OutcomeUnknown", "no answer to it"),
        (".", reply("452 full"), "Unavailable", "452"),
        (".", reply("554 spam"), "Invalid", "554"),
        (".", reply("garbage"), "OutcomeUnknown", "the message"),
        (".", Answer::HangUp, "OutcomeUnknown", "the message"),
        (".", Answer::Silence, "OutcomeUnknown", "no answer in time"),
    ] {
        let shown = format!("{command} {answer:?}");
        // Only silence is waited out.
        let seconds = if matches!(answer, Answer::Silence) { 1 } else { 10 };
        let server = SmtpServer::start(vec![(command, answer)]).await;
        let channel = with(&server, &json!({ "timeout_seconds": seconds }));
        let error = channel.send("test", &alert(), &chart()).await.unwrap_err();
        let class = format!("{error:?}");
        assert!(class.starts_with(wanted), "{shown}: {class}");
        assert!(error.to_string().contains(detail), "{shown}: {error}");
        assert!(!class.contains("AHVzZXIAd29yZA=="), "{shown}: {class}");
        assert!(server.taken.lock().unwrap().is_empty(), "{shown}");
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_without_starttls() {
    let server = SmtpServer::start(Vec::new()).await;
    let channel = with(&server, &json!({"security": "starttls"}));
    let error = channel.send("test", &alert(), &chart()).await.unwrap_err();
    assert!(matches!(&error, PortError::Corrupt { .. }) && error.to_string().contains("STARTTLS"), "{error}");
    let heard = server.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    // Bound and kept, so that no other test listens there.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let server = SmtpServer { port, taken: std::sync::Arc::default(), heard: std::sync::Arc::default() };
    let error = email(&server).send("test", &alert(), &chart()).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable { .. }), "{error}");
}
