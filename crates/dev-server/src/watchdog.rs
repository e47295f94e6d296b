//! Ends the server when this process dies, even by kill -9, where nothing in this process can.
//!
//! A shell waits on a pipe whose other end only this process holds. The kernel closes that end with the process; the
//! shell then reads the end of the file and sends SIGTERM to the server.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// `read` succeeds on a line (dismissed) and fails at the end of the file (owner dead). `$0` names it in `ps`.
const SCRIPT: &str = r#"read -r _ || kill -TERM "$1""#;

#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches over the server with this process id.
    pub(crate) fn over(pid: u32) -> io::Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", SCRIPT, "ttai-dev-server-watchdog", &pid.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in the terminal is for the program, which then stops the server in order.
            .process_group(0)
            .spawn()
            .map(Self)
    }
}

impl Drop for Watchdog {
    /// Dismisses the watchdog. Must happen before the server is reaped: until then nothing else can have its id.
    fn drop(&mut self) {
        let dismissed = self.0.stdin.take().is_some_and(|mut pipe| pipe.write_all(b"\n").is_ok());
        if !dismissed {
            // The shell is gone already, or must go without having read: either way it may not send its signal.
            drop(self.0.kill());
        }
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sh").args(["-c", "read -r line"]).stdin(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn the_server_ends_when_the_pipe_closes() {
        let mut server = sleeper();
        let mut watchdog = Watchdog::over(server.id()).unwrap();
        drop(watchdog.0.stdin.take()); // what the kernel does to a killed owner
        watchdog.0.wait().unwrap();
        assert!(!server.wait().unwrap().success());
    }

    #[test]
    fn a_dismissed_watchdog_leaves_the_server_alone() {
        let mut server = sleeper();
        drop(Watchdog::over(server.id()).unwrap());
        assert!(server.try_wait().unwrap().is_none());
        drop(server.stdin.take());
        server.wait().unwrap();
    }
}
