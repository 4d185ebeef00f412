//! A socket connected to the far end: the kernel then looks the route up once, not for every packet, which saves a seventh of a
//! call-tick. The price is that it hears nobody else. So it is done only where nobody else would be believed anyway.

use crate::socket;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams in a row from the far end before the socket is connected: longer than the core's latch takes to lock.
const RUN: u32 = 25;
/// Ticks without a datagram after which everybody is heard again: the core takes another source after 2 s of silence.
const SILENCE: u32 = 10;

/// ```text
///             25 datagrams, all from where the SDP said
///   everybody ────────────────────────────────────────► connected
///       ▲                                                   │
///       └── 10 ticks without one, or the far end moves ─────┘
/// ```
#[derive(Default)]
pub struct Peer {
    source: Option<SocketAddr>,
    run: u32,
    heard: bool,
    silent: u32,
    connected: Option<SocketAddr>,
}

impl Peer {
    pub fn new() -> Self {
        Self::default()
    }

    /// A datagram came from there.
    pub fn note(&mut self, source: SocketAddr) {
        self.run = if self.source == Some(source) { self.run.saturating_add(1) } else { 1 };
        self.source = Some(source);
        self.heard = true;
    }

    /// Once a tick: connects the socket or undoes it. `far_end` is where our packets go, if that is where the SDP says.
    pub fn settle(&mut self, socket: &UdpSocket, far_end: Option<SocketAddr>) {
        self.silent = if std::mem::take(&mut self.heard) { 0 } else { self.silent.saturating_add(1) };
        if self.connected.is_some() {
            if self.connected != far_end || self.silent >= SILENCE {
                self.connected = None;
                self.run = 0;
                disconnect(socket);
            }
        } else if let Some(far_end) = far_end
            && self.run >= RUN
            && self.source == Some(far_end)
            && connect(socket, far_end)
        {
            self.connected = Some(far_end);
        }
    }

    /// Sends a packet, or loses it.
    pub fn send(&self, socket: &UdpSocket, packet: &[u8], destination: SocketAddr) {
        if self.connected == Some(destination) {
            // The first call after an ICMP message only tells of it.
            let _ = socket::send(socket, packet).or_else(|_| socket::send(socket, packet));
        } else {
            let _ = socket.send_to(packet, destination);
        }
    }
}

#[cfg(target_os = "linux")]
fn connect(socket: &UdpSocket, far_end: SocketAddr) -> bool {
    socket.connect(far_end).is_ok()
}

#[cfg(target_os = "linux")]
fn disconnect(socket: &UdpSocket) {
    // It cannot fail on a socket that is connected.
    let _ = socket::disconnect(socket);
}

/// Measured on Linux only; elsewhere a connected socket reports errors in ways of its own.
#[cfg(not(target_os = "linux"))]
fn connect(_: &UdpSocket, _: SocketAddr) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn disconnect(_: &UdpSocket) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// On a port that is asked for by its number, as sessions' are: such a port stays with the socket.
    fn socket() -> (UdpSocket, SocketAddr) {
        loop {
            let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("a free port");
            if let Ok(socket) = crate::socket::bind(port) {
                return (socket, port);
            }
        }
    }

    #[test]
    fn connects_to_an_even_far_end_and_lets_go_when_it_falls_silent() {
        let (socket, local) = socket();
        let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let far_end = far.local_addr().expect("bound");
        let mut peer = Peer::new();
        for _ in 0..RUN {
            peer.note(far_end);
            peer.settle(&socket, Some(far_end));
        }
        assert_eq!(socket.peer_addr().ok(), Some(far_end));
        peer.send(&socket, &[7; 20], far_end);
        let mut packet = [0; 100];
        assert_eq!(far.recv_from(&mut packet).expect("sent"), (20, local));
        for _ in 0..SILENCE {
            peer.settle(&socket, Some(far_end));
        }
        assert!(socket.peer_addr().is_err());
        assert_eq!(socket.local_addr().expect("bound still"), local);
        let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        stranger.send_to(&[1], local).expect("loopback");
        assert_eq!(socket.recv(&mut packet).expect("heard at once on loopback"), 1);
    }

    #[test]
    fn lets_go_at_once_when_the_far_end_moves() {
        let (socket, _) = socket();
        let here = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut peer = Peer::new();
        for _ in 0..RUN {
            peer.note(here);
            peer.settle(&socket, Some(here));
        }
        assert!(socket.peer_addr().is_ok());
        peer.settle(&socket, None);
        assert!(socket.peer_addr().is_err());
        let there = SocketAddr::from(([127, 0, 0, 1], 10));
        peer.note(here);
        peer.settle(&socket, Some(there));
        assert!(socket.peer_addr().is_err());
    }
}
