//! Ports on 127.0.0.1: whether one is free, and which one is.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use crate::error::{DevServerError, PortRole};

/// Refuses a port that something listens on.
pub(crate) fn require_free(port: u16, role: PortRole) -> Result<(), DevServerError> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(DevServerError::PortInUse { port, role })
        }
        Err(source) => Err(DevServerError::PortRefused { port, role, source }),
    }
}

/// The wanted port when it is free, else one that the operating system chooses.
pub(crate) fn choose(wanted: Option<u16>) -> io::Result<u16> {
    match wanted {
        Some(port) if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() => Ok(port),
        _ => free(),
    }
}

/// Where ports are looked for: below those that systems lend to outgoing connections (Linux from 32768, others from
/// 49152; IANA's from 49152). One of those would not be free when a killed server comes back: any client's connection may have got
/// it, even one that asks for this very server.
const LISTENING: Range<u16> = 20_000..32_768;
const TRIES: usize = 100;

/// A free port. Between here and the server's own bind another program may take it, so a caller must be ready to
/// try again.
fn free() -> io::Result<u16> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let found = std::iter::repeat_with(|| fastrand::u16(LISTENING)).take(TRIES).find(is_free);
    match found {
        Some(port) => Ok(port),
        None => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused_and_avoided() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = holder.local_addr().unwrap().port();
        let error = require_free(taken, PortRole::Grpc).unwrap_err();
        assert!(
            error.to_string().contains(&format!("port {taken} for the Temporal server is in use")),
            "{error}"
        );
        assert_ne!(choose(Some(taken)).unwrap(), taken);
        drop(holder);
    }

    #[test]
    fn free_ports_can_be_bound_and_are_lent_to_no_connection() {
        for _ in 0..50 {
            let port = choose(None).unwrap();
            require_free(port, PortRole::Ui).unwrap();
            assert!(LISTENING.contains(&port), "{port}");
        }
    }
}
