//! Ports on 127.0.0.1: whether one is free, and which one is.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

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

/// A free port. Between here and the server's own bind another program may take it, so a caller must be ready to
/// try again.
fn free() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    if cfg!(target_os = "linux") {
        // Linux hands out random ports and may repeat one. A connection closed from the listening side leaves the port
        // in TIME_WAIT, where bind(0) does not choose it again for a minute but a bind by number still works.
        let _client = TcpStream::connect(address)?;
        drop(listener.accept()?);
    }
    Ok(address.port())
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
    fn free_ports_differ_and_can_be_bound() {
        let mut ports: Vec<u16> = (0..50).map(|_| choose(None).unwrap()).collect();
        require_free(ports[0], PortRole::Ui).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
