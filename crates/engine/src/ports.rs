//! Which port a session gets.

use crate::socket;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// An inclusive range, and where in it to begin.
#[derive(Clone, Copy, Debug)]
pub struct PortRange {
    /// First port.
    pub low: u16,
    /// Last port.
    pub high: u16,
    /// Any number: the even port to try first is this one modulo their count. Random, so that a restarted process does not meet the
    /// packets of its former calls, and so that nobody can guess the port (RFC 6056).
    pub start: u32,
}

impl PortRange {
    /// Every port of the range once: even ports from the start on and around, then odd ones likewise (RFC 3550 §11 wants RTP on an
    /// even port; the odd one above is RTCP's).
    pub fn candidates(self) -> impl Iterator<Item = u16> {
        [0, 1].into_iter().flat_map(move |parity| {
            let first = u32::from(self.low) + u32::from(self.low % 2 != parity);
            let count = (u32::from(self.high) + 2).saturating_sub(first) / 2;
            (0..count).map(move |index| (first + (index + self.start % count) % count * 2) as u16)
        })
    }
}

/// Why no session was opened.
#[derive(Debug)]
pub enum OpenError {
    /// Every port of the range is taken.
    NoPorts,
    /// The address cannot be bound, whatever the port.
    Socket(io::Error),
}

/// Binds the first free port of the range.
pub fn bind(address: IpAddr, range: PortRange) -> Result<UdpSocket, OpenError> {
    for port in range.candidates() {
        match socket::bind(SocketAddr::new(address, port)) {
            Ok(socket) => return Ok(socket),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(OpenError::Socket(error)),
        }
    }
    Err(OpenError::NoPorts)
}

/// Windows answers "permission denied" for a port that another program holds exclusively, or that Hyper-V has set aside.
fn is_taken(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrInUse || cfg!(windows) && error.kind() == ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn order(low: u16, high: u16, start: u32) -> Vec<u16> {
        PortRange { low, high, start }.candidates().collect()
    }

    #[test]
    fn even_ports_come_first_and_wrap() {
        assert_eq!(order(10_000, 10_005, 1), [10_002, 10_004, 10_000, 10_003, 10_005, 10_001]);
        assert_eq!(order(10_001, 10_004, 7), [10_004, 10_002, 10_003, 10_001]);
    }

    #[test]
    fn odd_ports_serve_when_there_is_no_even_one() {
        assert_eq!(order(10_001, 10_001, 9), [10_001]);
        assert_eq!(order(10_000, 10_000, 9), [10_000]);
        assert_eq!(order(65_535, 65_535, u32::MAX), [65_535]);
        assert_eq!(order(5, 4, 0), [] as [u16; 0]);
    }

    #[test]
    fn every_port_is_tried_once() {
        let mut ports = order(1, 65_535, 12_345);
        ports.sort_unstable();
        assert!(ports.into_iter().eq(1..=65_535));
    }

    #[test]
    fn a_taken_port_is_passed_over_and_a_full_range_says_so() {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let held = socket::bind(SocketAddr::new(localhost, 0)).expect("a free port");
        let port = held.local_addr().expect("bound").port();
        let full = PortRange { low: port, high: port, start: 0 };
        assert!(matches!(bind(localhost, full), Err(OpenError::NoPorts)));
        drop(held);
        assert_eq!(bind(localhost, full).expect("free again").local_addr().expect("bound").port(), port);
    }

    #[test]
    fn an_address_of_another_machine_fails_at_once() {
        let elsewhere = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
        let range = PortRange { low: 1_024, high: 65_535, start: 0 };
        assert!(matches!(bind(elsewhere, range), Err(OpenError::Socket(_))));
    }
}
