//! Which ports a session gets.

use crate::clock;
use crate::socket;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};

/// A port that was just closed is left alone for so long, µs, while there are others: packets of the call that it was for may still come.
const REST: u64 = 1_000_000;

/// Ports of this process that were closed of late, and when.
static CLOSED: Mutex<Vec<(SocketAddr, u64)>> = Mutex::new(Vec::new());

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

/// The sockets of a session.
#[derive(Debug)]
pub struct Sockets {
    /// For RTP.
    pub media: UdpSocket,
    /// For RTCP, on the port above, if that was free and within the range.
    pub control: Option<UdpSocket>,
}

/// Binds the first free pair of ports of the range, an even one for RTP and the one above for RTCP; where there is no pair, the first
/// free port. Of those that serve, one that was not closed just now.
pub fn bind(address: IpAddr, range: PortRange) -> Result<Sockets, OpenError> {
    let resting = resting(address, clock::now());
    for (rested, paired) in [(true, true), (false, true), (true, false), (false, false)] {
        if !rested && resting.is_empty() {
            continue;
        }
        for port in range.candidates() {
            let pair = port % 2 == 0 && port < range.high;
            let rests = resting.contains(&port) || paired && resting.contains(&(port + 1));
            if paired && !pair || rests == rested {
                continue;
            }
            let Some(media) = bind_one(address, port)? else { continue };
            if !paired {
                return Ok(Sockets { media, control: None });
            }
            if let Some(control) = bind_one(address, port + 1)? {
                return Ok(Sockets { media, control: Some(control) });
            }
        }
    }
    Err(OpenError::NoPorts)
}

/// None when the port is taken.
fn bind_one(address: IpAddr, port: u16) -> Result<Option<UdpSocket>, OpenError> {
    match socket::bind(SocketAddr::new(address, port)) {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if is_taken(&error) => Ok(None),
        Err(error) => Err(OpenError::Socket(error)),
    }
}

/// Notes that a session's port was closed at `now`.
pub fn closed(local: SocketAddr, now: u64) {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    closed.retain(|&(_, time)| now < time + REST);
    closed.push((local, now));
}

fn resting(address: IpAddr, now: u64) -> Vec<u16> {
    let closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    closed.iter().filter(|(local, time)| local.ip() == address && now < time + REST).map(|(local, _)| local.port()).collect()
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
        assert_eq!(bind(localhost, full).expect("free again").media.local_addr().expect("bound").port(), port);
    }

    /// A range of `count` ports from an even one on, all free a moment ago.
    fn free_range(count: u16) -> PortRange {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        loop {
            let any = socket::bind(SocketAddr::new(localhost, 0)).expect("a free port").local_addr().expect("bound").port();
            let low = any & !1;
            if (low..low + count).all(|port| socket::bind(SocketAddr::new(localhost, port)).is_ok()) {
                return PortRange { low, high: low + count - 1, start: 0 };
            }
        }
    }

    fn port(socket: &UdpSocket) -> u16 {
        socket.local_addr().expect("bound").port()
    }

    #[test]
    fn a_pair_is_taken_together_and_a_half_pair_passed_over() {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let range = free_range(4);
        let held = socket::bind(SocketAddr::new(localhost, range.low + 1)).expect("free");
        let pair = bind(localhost, range).expect("a pair is left");
        assert_eq!((port(&pair.media), pair.control.as_ref().map(port)), (range.low + 2, Some(range.low + 3)));
        let single = bind(localhost, range).expect("a port is left");
        assert_eq!((port(&single.media), single.control.as_ref().map(port)), (range.low, None));
        assert!(matches!(bind(localhost, range), Err(OpenError::NoPorts)));
        drop(held);
        assert_eq!(port(&bind(localhost, range).expect("an odd port is left").media), range.low + 1);
    }

    #[test]
    fn a_port_just_closed_rests_while_there_are_others() {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let range = free_range(4);
        closed(SocketAddr::new(localhost, range.low), clock::now());
        let first = bind(localhost, range).expect("a pair");
        assert_eq!(port(&first.media), range.low + 2);
        let second = bind(localhost, range).expect("the one that rests, as there is no other");
        assert_eq!((port(&second.media), second.control.is_some()), (range.low, true));
        assert!(resting(localhost, clock::now() + REST).is_empty());
    }

    #[test]
    fn an_address_of_another_machine_fails_at_once() {
        let elsewhere = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
        let range = PortRange { low: 1_024, high: 65_535, start: 0 };
        assert!(matches!(bind(elsewhere, range), Err(OpenError::Socket(_))));
    }
}
