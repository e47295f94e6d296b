//! What a user sets up: the server, the configuration, a worker, channels.

use std::io::Read;
use std::net::TcpListener;

use anyhow::Context;
use serde_json::Value;
use ttai_dev_server::{DevServer, DevServerOptions};

use crate::home::{Answer, Home, PLANTED, Process, Sim, eventually, text};

#[tokio::test]
async fn a_port_in_use_is_named() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let held = TcpListener::bind("127.0.0.1:0")?;
    let port = held.local_addr()?.port().to_string();
    let answer = home.run(&["dev", "--port", &port])?.expect(1)?;
    assert!(answer.stderr.contains(&format!("port {port}")), "{}", answer.stderr);
    assert!(answer.stderr.contains("in use"), "{}", answer.stderr);
    Ok(())
}

#[tokio::test]
async fn a_new_user_sees_that_nothing_is_wrong() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let empty = home.run(&["list"])?.expect(0)?;
    assert!(empty.stdout.is_empty() && empty.stderr.contains("ttai analyze"), "{}", empty.stderr);
    let checks = home.run(&["doctor", "--json"])?.expect(0)?.json()?;
    let checks = checks.as_array().context("a list of checks")?;
    let about = |what: &str| checks.iter().find(|check| text(check, "what") == what);
    for what in ["configuration", "market", "store", "Temporal"] {
        let check = about(what).with_context(|| format!("no check of {what}"))?;
        assert_eq!(text(check, "health"), "good", "{check}");
    }
    let nobody = home.run(&["list", "--address", "127.0.0.1:1"])?.expect(4)?;
    assert!(nobody.stderr.contains("no Temporal server answers at http://127.0.0.1:1/"), "{}", nobody.stderr);
    Ok(())
}

#[tokio::test]
async fn a_misspelt_setting_is_named() -> anyhow::Result<()> {
    let home = Home::new().await?;
    std::fs::write(home.path("ttai.toml"), "[market]\ntaep = \"x\"\n")?;
    let answer = home.run(&["analyze", "NVDA"])?.expect(3)?;
    for part in ["ttai.toml", "taep", "tape"] {
        assert!(answer.stderr.contains(part), "{}", answer.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn the_configuration_is_checked_whole_and_shown_without_secrets() -> anyhow::Result<()> {
    let home = Home::new().await?;
    std::fs::write(
        home.path("ttai.toml"),
        "[providers.cboe]\ntimeuot = 3\n[order]\nquotes = [\"nobody\"]\n",
    )?;
    let checked = home.run(&["config", "check"])?.expect(1)?;
    for part in [
        "ttai.toml:2: providers.cboe.timeuot",
        "did you mean timeout?",
        "ttai.toml:4: order.quotes",
        "2 problems",
    ] {
        assert!(checked.stdout.contains(part), "{part} is not in:\n{}", checked.stdout);
    }
    let example = home.run(&["config", "example"])?.expect(0)?;
    std::fs::write(home.path("ttai.toml"), example.stdout)?;
    home.run(&["config", "check"])?.expect(0)?;
    let mut show = home.command(&["config", "show", "--json"]);
    show.env("TTAI_ALPACA_KEY_ID", PLANTED).env("TTAI_ALPACA_SECRET_KEY", PLANTED);
    let shown = Process::start(show)?.finish()?.expect(0)?;
    assert!(!shown.stdout.contains(PLANTED) && shown.stdout.contains("environment TTAI_ALPACA_KEY_ID"));
    Ok(())
}

#[tokio::test]
async fn a_worker_says_how_it_is_and_what_it_called() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let mut options = DevServerOptions::ephemeral(home.path("server"));
    options.locate.binary = Some(home.temporal.clone());
    let server = DevServer::start(options).await?;
    let held = TcpListener::bind("127.0.0.1:0")?;
    let metrics = held.local_addr()?.to_string();
    drop(held);
    let worker = home.start(&["worker", "--address", &server.address(), "--metrics", &metrics])?;
    let get = |path: &str| -> anyhow::Result<Option<String>> {
        use std::io::Write;
        let Ok(mut stream) = std::net::TcpStream::connect(&metrics) else { return Ok(None) };
        write!(stream, "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(Some(answer))
    };
    eventually("the worker takes work", || {
        Ok(get("/readyz")?.filter(|answer| answer.starts_with("HTTP/1.1 200")))
    })?;
    let health = get("/healthz")?.context("health")?;
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("ok\n"), "{health}");
    let page = get("/metrics")?.context("metrics")?;
    assert!(page.contains("ttai_provider_call_seconds") && page.contains("ttai_info"), "{page}");
    assert!(page.contains("temporal_worker_start_total{"), "{page}");
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    server.stop().await?;
    Ok(())
}

#[tokio::test]
async fn channels_are_tried_from_the_command_line() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let sim = Sim::start(&home, &[])?;
    let discord = sim.endpoints.get("discord").and_then(Value::as_str).context("discord's address")?;
    let send = |channel: &str| -> anyhow::Result<Answer> {
        let mut command = home.command(&["notify", "send", channel, "NVDA touched 210"]);
        command
            .env("TTAI__CHANNELS__DESK__TYPE", "discord")
            .env("TTAI_CHANNELS_DESK_URL", format!("{discord}/api/webhooks/1/{PLANTED}"));
        Process::start(command)?.finish()
    };
    let sent = send("desk")?.expect(0)?;
    assert_eq!(sent.stdout.trim(), "desk: delivered", "{}", sent.stderr);
    let unknown = send("dsek")?.expect(5)?;
    assert!(
        unknown.stderr.contains("no channel dsek") && unknown.stderr.contains("desk"),
        "{}",
        unknown.stderr
    );
    assert!(!format!("{}{}", unknown.stdout, unknown.stderr).contains(PLANTED));
    Ok(())
}

#[tokio::test]
async fn a_new_user_answers_what_is_asked_and_skips_the_rest() -> anyhow::Result<()> {
    use std::io::Write;
    let home = Home::new().await?;
    let mut command = home.command(&["setup"]);
    let mut asked = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    // Account, capital, strategies, delta, days, days, maximum a symbol, symbols.
    let answers = "margin\n20000\n\n0.25\n\n30\n\naapl, MSFT\n";
    asked.stdin.take().context("its input")?.write_all(answers.as_bytes())?;
    let done = asked.wait_with_output()?;
    let shown = String::from_utf8(done.stdout)?;
    assert!(done.status.success() && shown.contains("margin") && shown.contains("$20000"), "{shown}");
    let stated = home.run(&["preferences", "show", "--json"])?.expect(0)?.json()?;
    let stated = stated.get("stated").context("what was stated")?;
    assert_eq!(stated.get("max_delta"), Some(&serde_json::json!(0.25)));
    assert_eq!(stated.get("dte_max"), Some(&serde_json::json!(30)));
    assert!(stated.get("strategies").is_none() && stated.get("dte_min").is_none(), "{stated}");
    let list = home.run(&["watchlist", "show", "mine"])?.expect(0)?.stdout;
    assert_eq!(list.trim(), "mine  AAPL MSFT");
    Ok(())
}
