//! A mail server that follows a script: what it answers to each command, and where it goes away.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a command or the message is answered, instead of success.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Reply(&'static str),
    HangUp,
    Silence,
}

/// Commands by their beginning; `.` is the end of the message.
pub(crate) type Script = Vec<(&'static str, Answer)>;

pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    /// The messages that were taken whole.
    pub(crate) taken: Arc<Mutex<Vec<String>>>,
    /// Everything that was said to it.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
}

impl SmtpServer {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, heard) = (Arc::new(Mutex::default()), Arc::new(Mutex::default()));
        let server = Self { port, taken: Arc::clone(&taken), heard: Arc::clone(&heard) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(session(stream, script.clone(), Arc::clone(&taken), Arc::clone(&heard)));
            }
        });
        server
    }
}

async fn session(
    stream: TcpStream,
    script: Script,
    taken: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let _ = writer.write_all(b"220 scripted ESMTP\r\n").await;
    let mut message: Option<String> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let said = match &mut message {
            Some(text) if line != "." => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            _ => line,
        };
        heard.lock().unwrap().push(said.clone());
        let scripted =
            script.iter().find(|(command, _)| said.starts_with(command)).map(|(_, answer)| answer.clone());
        let reply = match scripted {
            Some(Answer::HangUp) => return,
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Reply(reply)) => reply,
            None => usual(&said),
        };
        if said == "." && reply.starts_with('2') {
            taken.lock().unwrap().extend(message.take());
        }
        message = if reply.starts_with("354") { Some(String::new()) } else { None };
        if writer.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() || said == "QUIT" {
            return;
        }
    }
}

fn usual(said: &str) -> &'static str {
    match said.split(' ').next().unwrap_or_default() {
        "EHLO" => "250-scripted\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
        "AUTH" => "235 welcome",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 fine",
    }
}
