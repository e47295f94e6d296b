//! `ttai health`: asks a process of ttai whether it is well, for containers that have neither a shell nor curl.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::cli::{GlobalArgs, HealthArgs};
use crate::exit_kind::fail;
use crate::output;
use crate::settings::Settings;

/// Shorter than the timeout of a usual health check; `/readyz` itself takes at most 2 s.
const ANSWERS_WITHIN: Duration = Duration::from_secs(4);
/// No page about health is longer.
const LONGEST: u64 = 16 * 1024;

/// Runs the command.
///
/// # Errors
/// Nobody answers, or the answer is no 2xx: then its text says why.
pub async fn run(global: &GlobalArgs, args: HealthArgs) -> anyhow::Result<ExitCode> {
    let url = match args.url {
        Some(url) => url,
        None => {
            let served = Settings::load(global, None)?.config.worker.metrics.clone();
            served.and_then(|address| readiness_of(&address)).context(
                "worker.metrics is not set, so nothing serves /readyz; set it, or name an address such as http://127.0.0.1:9464/readyz",
            )?
        }
    };
    let answer = tokio::time::timeout(ANSWERS_WITHIN, look(&url)).await;
    let (status, text) = answer
        .map_err(|_| anyhow::anyhow!("{url} does not answer within {} s", ANSWERS_WITHIN.as_secs()))?
        .with_context(|| format!("{url} does not answer"))?;
    ensure!((200..300).contains(&status), "{url} answers {status}: {text}");
    output::line(&text);
    Ok(ExitCode::SUCCESS)
}

/// The page of a worker that listens at `address`; one that listens everywhere is asked on this host.
fn readiness_of(address: &str) -> Option<Url> {
    let address = address.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    Url::parse(&format!("http://{address}/readyz")).ok()
}

/// The status and what was said. Of `tcp://` nothing is asked: that somebody listens is enough.
async fn look(url: &Url) -> anyhow::Result<(u16, String)> {
    let host = url.host_str().context("it names no host")?;
    let port = url.port_or_known_default().context("it names no port")?;
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    match url.scheme() {
        "http" => ask(connect.await?, url, host, port).await,
        "tcp" => connect.await.map(|_| (200, "listens".to_owned())).map_err(Into::into),
        _ => fail!(WrongRequest, "use http:// or tcp://"),
    }
}

/// One request: the status and the first line of the text.
async fn ask(mut stream: TcpStream, url: &Url, host: &str, port: u16) -> anyhow::Result<(u16, String)> {
    let request = format!("GET {} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n", url.path());
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let text = answer.split_once("\r\n\r\n").and_then(|(_, body)| body.lines().next());
    Ok((status.context("the answer is not HTTP")?, text.unwrap_or_default().trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;
    use crate::readiness::Readiness;

    fn args(url: &str) -> HealthArgs {
        HealthArgs { url: Some(url.parse().unwrap()) }
    }

    #[tokio::test]
    async fn a_worker_that_is_not_ready_is_not_well_and_says_why() {
        let (address, serving) = metrics::serve("127.0.0.1:0", Readiness::default()).await.unwrap();
        let global = GlobalArgs::default();
        let lives = args(&format!("http://{address}/healthz"));
        assert_eq!(run(&global, lives).await.unwrap(), ExitCode::SUCCESS);
        let error = run(&global, args(&format!("http://{address}/readyz"))).await.unwrap_err();
        assert!(error.to_string().ends_with("answers 503: starting"), "{error}");
        let listens = args(&format!("tcp://{address}"));
        assert_eq!(run(&global, listens).await.unwrap(), ExitCode::SUCCESS);
        let other = args(&format!("https://{address}"));
        assert!(run(&global, other).await.is_err());
        serving.abort();
    }

    #[tokio::test]
    async fn nobody_is_not_well() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = run(&GlobalArgs::default(), args(&format!("http://{free}/"))).await.unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error}");
    }

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listens, asked) in [
            ("0.0.0.0:9464", "http://127.0.0.1:9464/readyz"),
            ("[::]:9464", "http://[::1]:9464/readyz"),
            ("127.0.0.1:1", "http://127.0.0.1:1/readyz"),
        ] {
            assert_eq!(readiness_of(listens).unwrap().as_str(), asked);
        }
    }
}
