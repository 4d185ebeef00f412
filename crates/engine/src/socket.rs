//! One session's socket: how it is set up, and how a tick's datagrams are taken from it.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, UdpSocket};

#[cfg(target_os = "linux")]
pub use linux::Inbox;
#[cfg(not(target_os = "linux"))]
pub use portable::Inbox;

/// Expedited forwarding (RFC 4594 §4.1 for telephony) as a traffic-class octet.
const EXPEDITED: u32 = 0xb8;
/// The kernel counts some 700–1,300 bytes for a packet of 172: this holds two seconds of one call, and bounds what a stall or
/// a flood can leave behind.
const RECEIVE_BUFFER: usize = 128 * 1024;
/// Longer datagrams are no telephone audio: Ethernet carries 1,500.
const LARGEST: usize = 2_048;
/// Datagrams taken by one call.
pub const BATCH: usize = 8;

/// A non-blocking UDP socket on `local`. Without SO_REUSEADDR: a port in use must be refused.
pub fn bind(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if local.is_ipv6() {
        // Else `::` would take the IPv4 port too, which another session may hold.
        socket.set_only_v6(true)?;
    }
    socket.bind(&local.into())?;
    // Best effort: a system that refuses these still carries the call.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = match local {
        SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
        SocketAddr::V6(_) => set_traffic_class(&socket),
    };
    #[cfg(target_os = "linux")]
    let _ = linux::ask_for_arrival_times(&socket);
    Ok(socket.into())
}

/// Undoes a connection: the socket takes datagrams from everywhere again. Its port stays, for it was bound to that very one.
#[cfg(target_os = "linux")]
pub fn disconnect(socket: &UdpSocket) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: sockaddr is plain numbers, for which zero is a value.
    let mut nobody: libc::sockaddr = unsafe { std::mem::zeroed() };
    nobody.sa_family = libc::AF_UNSPEC as _;
    // SAFETY: the descriptor is open while `socket` is borrowed; `nobody` outlives the call, and its size is said.
    let result = unsafe { libc::connect(socket.as_raw_fd(), &raw const nobody, size_of_val(&nobody) as _) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(unix)]
fn set_traffic_class(socket: &Socket) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, EXPEDITED as libc::c_int)
}

/// Windows leaves the traffic class to its quality-of-service policies.
#[cfg(not(unix))]
fn set_traffic_class(_: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_option(socket: &Socket, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open while `socket` is borrowed; `value` is an int that outlives the call, and `size` is its size.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{BATCH, LARGEST, Socket, SocketAddr, UdpSocket, io, set_option};
    use crate::clock;
    use libc::{cmsghdr, iovec, mmsghdr, sockaddr_in, sockaddr_in6, sockaddr_storage, timespec};
    use std::mem::zeroed;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    pub fn ask_for_arrival_times(socket: &Socket) -> io::Result<()> {
        set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
    }

    /// Room for one batch of datagrams, with who sent each and when the kernel took it in. A tick may come 20 ms after a packet
    /// did: with the time of reading instead, every far end would seem to have 20 ms of jitter.
    pub struct Inbox {
        room: Box<Room>,
        /// Filled by the last call.
        count: usize,
    }

    struct Room {
        bytes: [[u8; LARGEST]; BATCH],
        sources: [sockaddr_storage; BATCH],
        /// u64 for a cmsghdr's alignment; 64 bytes hold the one timestamp (32).
        control: [[u64; 8]; BATCH],
        vectors: [iovec; BATCH],
        headers: [mmsghdr; BATCH],
    }

    impl Inbox {
        pub fn new() -> Self {
            // SAFETY: every field is made of integers, and of pointers that may be null, for which zero is a value.
            Self { room: unsafe { Box::new(zeroed()) }, count: 0 }
        }

        /// Takes up to `most` waiting datagrams, at most a batch. True when more may wait.
        ///
        /// One is taken by `recvmsg`: of `recvmmsg`'s cost a tenth of a call-tick goes into finding that there is no second one.
        pub fn fill(&mut self, socket: &UdpSocket, most: usize) -> bool {
            let Room { bytes, sources, control, vectors, headers } = &mut *self.room;
            let most = most.min(BATCH);
            for index in 0..most {
                vectors[index] = iovec { iov_base: bytes[index].as_mut_ptr().cast(), iov_len: LARGEST };
                let header = &mut headers[index].msg_hdr;
                header.msg_name = (&raw mut sources[index]).cast();
                header.msg_namelen = size_of::<sockaddr_storage>() as _;
                header.msg_iov = &raw mut vectors[index];
                header.msg_iovlen = 1;
                header.msg_control = control[index].as_mut_ptr().cast();
                header.msg_controllen = size_of_val(&control[index]) as _;
                header.msg_flags = 0;
            }
            for _ in 0..2 {
                // SAFETY: every header up to `most` points at room of the length it says, all of it in `self.room`, which stays where
                // it is and is borrowed mutably during the call; the descriptor is open while `socket` is borrowed.
                let count = unsafe {
                    if most == 1 {
                        let length = libc::recvmsg(socket.as_raw_fd(), &raw mut headers[0].msg_hdr, libc::MSG_DONTWAIT);
                        headers[0].msg_len = length.max(0) as _;
                        if length < 0 { -1 } else { 1 }
                    } else {
                        libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), most as _, libc::MSG_DONTWAIT as _, std::ptr::null_mut())
                    }
                };
                self.count = usize::try_from(count).unwrap_or(0);
                // Nothing waits; or a connected socket tells once that an earlier packet of ours was refused.
                if count >= 0 || io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock {
                    break;
                }
            }
            self.count == most
        }

        /// What the last `fill` took: when it arrived, from whom, and the datagram. `now` and `earliest` bound the times.
        pub fn datagrams(&self, now: u64, earliest: u64) -> impl Iterator<Item = (u64, SocketAddr, &[u8])> {
            let Room { bytes, sources, headers, .. } = &*self.room;
            (0..self.count).filter_map(move |index| {
                let header = &headers[index];
                if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                    return None;
                }
                let arrival = arrival(&header.msg_hdr).map_or(now, |wall| clock::from_wall(wall, now, earliest));
                Some((arrival, source(&sources[index])?, &bytes[index][..header.msg_len as usize]))
            })
        }
    }

    /// The kernel's timestamp among a message's control data.
    fn arrival(header: &libc::msghdr) -> Option<Duration> {
        // SAFETY: `header` was filled by recvmmsg, so its control data are well formed and msg_controllen tells their length; the
        // CMSG functions stay within it.
        let mut control: *const cmsghdr = unsafe { libc::CMSG_FIRSTHDR(header) };
        while !control.is_null() {
            // SAFETY: not null, so it points at a whole cmsghdr within the control data, aligned as such.
            let message = unsafe { &*control };
            // SAFETY: only computes a length.
            let whole = unsafe { libc::CMSG_LEN(size_of::<timespec>() as _) } as usize;
            if message.cmsg_level == libc::SOL_SOCKET && message.cmsg_type == libc::SO_TIMESTAMPNS && message.cmsg_len as usize == whole {
                // SAFETY: the length says that a timespec follows; it may be unaligned.
                let time: timespec = unsafe { libc::CMSG_DATA(control).cast::<timespec>().read_unaligned() };
                return Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?));
            }
            // SAFETY: as for CMSG_FIRSTHDR; `control` is one of this header's.
            control = unsafe { libc::CMSG_NXTHDR(header, control) };
        }
        None
    }

    fn source(storage: &sockaddr_storage) -> Option<SocketAddr> {
        match libc::c_int::from(storage.ss_family) {
            libc::AF_INET => {
                // SAFETY: the family says that the storage, which is larger and aligned for all families, holds a sockaddr_in.
                let address = unsafe { &*(&raw const *storage).cast::<sockaddr_in>() };
                let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(address.sin_port)).into())
            }
            libc::AF_INET6 => {
                // SAFETY: likewise a sockaddr_in6.
                let address = unsafe { &*(&raw const *storage).cast::<sockaddr_in6>() };
                let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
                Some(SocketAddrV6::new(ip, u16::from_be(address.sin6_port), 0, address.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

/// Compiled in tests on Linux too, so that both ways are tried.
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", allow(dead_code, reason = "only its tests use it here"))]
mod portable {
    use super::{BATCH, LARGEST, SocketAddr, UdpSocket};
    use std::io::ErrorKind;

    /// Room for one batch of datagrams, with who sent each. Arrival is when the tick reads them.
    pub struct Inbox {
        bytes: Box<[[u8; LARGEST]; BATCH]>,
        /// Source and length of those filled by the last call.
        filled: Vec<(SocketAddr, usize)>,
    }

    impl Inbox {
        pub fn new() -> Self {
            Self { bytes: Box::new([[0; LARGEST]; BATCH]), filled: Vec::with_capacity(BATCH) }
        }

        /// Takes up to `most` waiting datagrams, at most a batch. True when more may wait.
        pub fn fill(&mut self, socket: &UdpSocket, most: usize) -> bool {
            self.filled.clear();
            for _ in 0..most.min(BATCH) {
                match socket.recv_from(&mut self.bytes[self.filled.len()]) {
                    Ok((length, source)) => self.filled.push((source, length)),
                    // Windows reports what ICMP said about an earlier packet of ours, and an overlong datagram, in the place of a
                    // datagram: others may wait behind it.
                    Err(error) if error.kind() != ErrorKind::WouldBlock => {}
                    Err(_) => return false,
                }
            }
            true
        }

        /// What the last `fill` took.
        pub fn datagrams(&self, now: u64, _earliest: u64) -> impl Iterator<Item = (u64, SocketAddr, &[u8])> {
            self.filled.iter().zip(self.bytes.iter()).map(move |((source, length), bytes)| (now, *source, &bytes[..*length]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn local(address: impl Into<IpAddr>) -> (UdpSocket, SocketAddr) {
        let socket = bind(SocketAddr::new(address.into(), 0)).expect("a free port");
        let address = socket.local_addr().expect("bound");
        (socket, address)
    }

    #[test]
    fn datagrams_keep_their_order_their_bytes_and_their_source() {
        for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            let (sender, from) = local(address);
            let (receiver, to) = local(address);
            let opened = clock::now();
            for number in 0..=BATCH as u8 {
                sender.send_to(&[number; 172], to).expect("loopback");
            }
            let mut inbox = Inbox::new();
            let mut numbers = Vec::new();
            // Loopback delivers before send_to returns, so nothing has to be waited for.
            loop {
                let more = inbox.fill(&receiver, BATCH);
                let now = clock::now();
                for (arrival, source, datagram) in inbox.datagrams(now, opened) {
                    assert_eq!(source, from);
                    assert_eq!(datagram.len(), 172);
                    assert!((opened..=now).contains(&arrival));
                    numbers.push(datagram[0]);
                }
                if !more {
                    break;
                }
            }
            assert!(numbers.into_iter().eq(0..=BATCH as u8));
        }
    }

    #[test]
    fn an_empty_socket_gives_nothing_and_does_not_block() {
        let (receiver, _) = local(Ipv4Addr::LOCALHOST);
        let mut inbox = Inbox::new();
        assert!(!inbox.fill(&receiver, BATCH));
        assert_eq!(inbox.datagrams(clock::now(), 0).count(), 0);
        let mut inbox = portable::Inbox::new();
        assert!(!inbox.fill(&receiver, BATCH));
        assert_eq!(inbox.datagrams(clock::now(), 0).count(), 0);
    }

    #[test]
    fn the_portable_way_takes_the_same_datagrams() {
        let (sender, from) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        for number in 0..=BATCH as u8 {
            sender.send_to(&[number; 20], to).expect("loopback");
        }
        let mut inbox = portable::Inbox::new();
        assert!(inbox.fill(&receiver, BATCH));
        for (number, datagram) in (0..BATCH as u8).zip(inbox.datagrams(5, 0)) {
            assert_eq!(datagram, (5, from, &[number; 20][..]));
        }
        assert!(!inbox.fill(&receiver, BATCH));
        assert_eq!(inbox.datagrams(6, 0).count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn arrival_is_the_kernels_time_and_not_that_of_reading() {
        let (sender, _) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        sender.send_to(&[1], to).expect("loopback");
        let sent = clock::now();
        clock::sleep_until(sent + 30_000);
        let mut inbox = Inbox::new();
        inbox.fill(&receiver, BATCH);
        let arrival = inbox.datagrams(clock::now(), 0).next().expect("one datagram").0;
        assert!(arrival <= sent + 5_000, "{arrival} {sent}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_datagram_longer_than_any_audio_is_dropped() {
        let (sender, _) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        sender.send_to(&[0; LARGEST + 1], to).expect("loopback");
        sender.send_to(&[7; LARGEST], to).expect("loopback");
        let mut inbox = Inbox::new();
        inbox.fill(&receiver, BATCH);
        assert_eq!(inbox.datagrams(clock::now(), 0).map(|(_, _, datagram)| datagram[0]).collect::<Vec<_>>(), [7]);
    }
}
