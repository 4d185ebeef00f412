//! Room for the datagrams that one round of sessions takes from its sockets: one place for each session whose far end sends evenly, and a
//! batch for those who may have several.

use crate::round::ROUND;

#[cfg(target_os = "linux")]
pub use linux::Inbox;
#[cfg(not(target_os = "linux"))]
pub use portable::Inbox;

/// Longer datagrams are no telephone audio: Ethernet carries 1,500.
const LARGEST: usize = 2_048;
/// Datagrams taken by one call.
pub const BATCH: usize = 8;
/// Places: a round's, then the batch's.
const PLACES: usize = ROUND + BATCH;

#[cfg(target_os = "linux")]
mod linux {
    use super::{BATCH, LARGEST, PLACES, ROUND};
    use crate::clock::Reading;
    use libc::{cmsghdr, iovec, mmsghdr, msghdr, sockaddr_in, sockaddr_in6, sockaddr_storage, timespec};
    use std::io;
    use std::mem::zeroed;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
    use std::os::fd::AsRawFd;

    /// Datagrams, with who sent each and when the kernel took it in. A tick may come 20 ms after a packet did: with the time of reading
    /// instead, every far end would seem to have 20 ms of jitter.
    pub struct Inbox {
        room: Box<Room>,
        /// Whether something lies in each place of the round.
        taken: [bool; ROUND],
        /// How many the last batch brought.
        count: usize,
    }

    struct Room {
        bytes: [[u8; LARGEST]; PLACES],
        sources: [sockaddr_storage; PLACES],
        /// u64 for a cmsghdr's alignment; 64 bytes hold the one timestamp (32).
        control: [[u64; 8]; PLACES],
        vectors: [iovec; PLACES],
        headers: [mmsghdr; PLACES],
    }

    impl Inbox {
        pub fn new() -> Self {
            // SAFETY: every field is made of integers, and of pointers that may be null, for which zero is a value.
            let mut room: Box<Room> = unsafe { Box::new(zeroed()) };
            let Room { bytes, sources, control, vectors, headers } = &mut *room;
            for place in 0..PLACES {
                vectors[place] = iovec { iov_base: bytes[place].as_mut_ptr().cast(), iov_len: LARGEST };
                let header = &mut headers[place].msg_hdr;
                header.msg_name = (&raw mut sources[place]).cast();
                header.msg_iov = &raw mut vectors[place];
                header.msg_iovlen = 1;
                header.msg_control = control[place].as_mut_ptr().cast();
            }
            Self { room, taken: [false; ROUND], count: 0 }
        }

        /// Takes one datagram into a place of the round, if one waits.
        ///
        /// By `recvmsg`: of `recvmmsg`'s cost a tenth of a call-tick goes into finding that there is no second one.
        pub fn take(&mut self, place: usize, socket: &UdpSocket) {
            let header = &mut self.room.headers[place];
            prepare(&mut header.msg_hdr);
            for _ in 0..2 {
                // SAFETY: the header points at room of the length it says, all of it in `self.room`, which stays where it is and is
                // borrowed mutably during the call; the descriptor is open while `socket` is borrowed.
                let length = unsafe { receive(socket.as_raw_fd(), &raw mut header.msg_hdr) };
                self.taken[place] = length >= 0;
                header.msg_len = length.max(0) as _;
                if settled(length >= 0) {
                    break;
                }
            }
        }

        /// Takes a batch of the datagrams that wait. True when more may.
        pub fn fill(&mut self, socket: &UdpSocket) -> bool {
            let headers = &mut self.room.headers[ROUND..];
            headers.iter_mut().for_each(|header| prepare(&mut header.msg_hdr));
            for _ in 0..2 {
                // SAFETY: as in `take`, for each of the headers.
                let count = unsafe {
                    libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), BATCH as _, libc::MSG_DONTWAIT as _, std::ptr::null_mut())
                };
                self.count = usize::try_from(count).unwrap_or(0);
                if settled(count >= 0) {
                    break;
                }
            }
            self.count == BATCH
        }

        /// What lies in a place of the round: when it arrived, from whom, and the datagram. `reading` was made after it was taken, and
        /// it came after `earliest`.
        pub fn one(&self, place: usize, reading: &Reading, earliest: u64) -> Option<(u64, SocketAddr, &[u8])> {
            if self.taken[place] { self.datagram(place, reading, earliest) } else { None }
        }

        /// What the last batch brought, likewise.
        pub fn batch(&self, reading: &Reading, earliest: u64) -> impl Iterator<Item = (u64, SocketAddr, &[u8])> {
            (ROUND..ROUND + self.count).filter_map(move |place| self.datagram(place, reading, earliest))
        }

        fn datagram(&self, place: usize, reading: &Reading, earliest: u64) -> Option<(u64, SocketAddr, &[u8])> {
            let Room { bytes, sources, headers, .. } = &*self.room;
            let header = &headers[place];
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                return None;
            }
            let arrival = arrival(&header.msg_hdr).map_or(reading.now, |wall| reading.at(wall, earliest));
            Some((arrival, source(&sources[place])?, &bytes[place][..header.msg_len as usize]))
        }
    }

    /// Sets what the kernel overwrites.
    fn prepare(header: &mut msghdr) {
        header.msg_namelen = size_of::<sockaddr_storage>() as _;
        header.msg_controllen = size_of::<[u64; 8]>() as _;
    }

    /// Nothing waits; or, if not, a connected socket has told that an earlier packet of ours was refused, which it does once.
    fn settled(done: bool) -> bool {
        done || io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
    }

    /// # Safety
    /// As for `recvmsg`.
    #[cfg(target_pointer_width = "64")]
    unsafe fn receive(descriptor: libc::c_int, header: *mut msghdr) -> isize {
        // Not by the C library's `recvmsg`: as one of the places where a thread can be cancelled, that one costs four atomic operations
        // more.
        // SAFETY: the caller's; on 64 bits the C library's msghdr is the kernel's.
        unsafe { libc::syscall(libc::SYS_recvmsg, descriptor, header, libc::MSG_DONTWAIT) as isize }
    }

    /// # Safety
    /// As for `recvmsg`.
    #[cfg(not(target_pointer_width = "64"))]
    unsafe fn receive(descriptor: libc::c_int, header: *mut msghdr) -> isize {
        // SAFETY: the caller's.
        unsafe { libc::recvmsg(descriptor, header, libc::MSG_DONTWAIT) }
    }

    /// The kernel's timestamp among a message's control data: Unix time, µs.
    fn arrival(header: &msghdr) -> Option<u64> {
        // SAFETY: `header` was filled by recvmsg, so its control data are well formed and msg_controllen tells their length; the
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
                return Some(u64::try_from(time.tv_sec).ok()? * 1_000_000 + u64::try_from(time.tv_nsec).ok()? / 1_000);
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
    use super::{BATCH, LARGEST, PLACES, ROUND};
    use crate::clock::Reading;
    use std::io::ErrorKind;
    use std::net::{SocketAddr, UdpSocket};

    /// Datagrams, with who sent each. Arrival is when the round reads them.
    pub struct Inbox {
        bytes: Box<[[u8; LARGEST]; PLACES]>,
        /// Source and length of what lies in each place.
        taken: [Option<(SocketAddr, usize)>; PLACES],
    }

    impl Inbox {
        pub fn new() -> Self {
            Self { bytes: Box::new([[0; LARGEST]; PLACES]), taken: [None; PLACES] }
        }

        /// Takes one datagram into a place, if one waits. Windows reports what ICMP said about an earlier packet of ours, and an overlong
        /// datagram, in the place of a datagram: others may wait behind it. So a few are asked for.
        pub fn take(&mut self, place: usize, socket: &UdpSocket) {
            for _ in 0..BATCH {
                self.taken[place] = match socket.recv_from(&mut self.bytes[place]) {
                    Ok((length, source)) => Some((source, length)),
                    Err(error) if error.kind() != ErrorKind::WouldBlock => continue,
                    Err(_) => None,
                };
                return;
            }
            self.taken[place] = None;
        }

        /// Takes a batch of the datagrams that wait. True when more may.
        pub fn fill(&mut self, socket: &UdpSocket) -> bool {
            self.taken[ROUND..].fill(None);
            (ROUND..PLACES).all(|place| {
                self.take(place, socket);
                self.taken[place].is_some()
            })
        }

        /// What lies in a place of the round.
        pub fn one(&self, place: usize, reading: &Reading, _earliest: u64) -> Option<(u64, SocketAddr, &[u8])> {
            self.taken[place].map(|(source, length)| (reading.now, source, &self.bytes[place][..length]))
        }

        /// What the last batch brought.
        pub fn batch(&self, reading: &Reading, earliest: u64) -> impl Iterator<Item = (u64, SocketAddr, &[u8])> {
            (ROUND..PLACES).filter_map(move |place| self.one(place, reading, earliest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{self, Reading};
    use crate::socket::bind;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

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
            for number in 0..BATCH as u8 + 3 {
                sender.send_to(&[number; 172], to).expect("loopback");
            }
            let mut inbox = Inbox::new();
            let mut numbers = Vec::new();
            let mut note = |(arrival, source, datagram): (u64, SocketAddr, &[u8])| {
                assert_eq!(source, from);
                assert_eq!(datagram.len(), 172);
                assert!((opened..=clock::now()).contains(&arrival));
                numbers.push(datagram[0]);
            };
            // Loopback delivers before send_to returns, so nothing has to be waited for.
            inbox.take(0, &receiver);
            inbox.take(ROUND - 1, &receiver);
            note(inbox.one(0, &Reading::take(), opened).expect("the first"));
            note(inbox.one(ROUND - 1, &Reading::take(), opened).expect("the second"));
            assert!(inbox.fill(&receiver));
            inbox.batch(&Reading::take(), opened).for_each(&mut note);
            assert!(!inbox.fill(&receiver));
            inbox.batch(&Reading::take(), opened).for_each(&mut note);
            assert!(numbers.into_iter().eq(0..BATCH as u8 + 3));
        }
    }

    #[test]
    fn an_empty_socket_gives_nothing_and_does_not_block() {
        let (receiver, _) = local(Ipv4Addr::LOCALHOST);
        let reading = Reading::take();
        let mut inbox = Inbox::new();
        inbox.take(3, &receiver);
        assert!(inbox.one(3, &reading, 0).is_none());
        assert!(!inbox.fill(&receiver));
        assert_eq!(inbox.batch(&reading, 0).count(), 0);
        let mut inbox = portable::Inbox::new();
        inbox.take(3, &receiver);
        assert!(inbox.one(3, &reading, 0).is_none());
        assert!(!inbox.fill(&receiver));
        assert_eq!(inbox.batch(&reading, 0).count(), 0);
    }

    #[test]
    fn the_portable_way_takes_the_same_datagrams() {
        let (sender, from) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        for number in 0..BATCH as u8 + 2 {
            sender.send_to(&[number; 20], to).expect("loopback");
        }
        let mut inbox = portable::Inbox::new();
        inbox.take(5, &receiver);
        let reading = Reading::take();
        assert_eq!(inbox.one(5, &reading, 0), Some((reading.now, from, &[0; 20][..])));
        assert!(inbox.fill(&receiver));
        for (number, datagram) in (1..).zip(inbox.batch(&reading, 0)) {
            assert_eq!(datagram, (reading.now, from, &[number; 20][..]));
        }
        assert!(!inbox.fill(&receiver));
        assert_eq!(inbox.batch(&reading, 0).count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn arrival_is_the_kernels_time_and_not_that_of_reading() {
        let (sender, _) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        let mut inbox = Inbox::new();
        // The kernel begins to keep times a while after the machine's first socket asked for them.
        let deadline = clock::now() + 10_000_000;
        loop {
            sender.send_to(&[1], to).expect("loopback");
            let sent = clock::now();
            clock::sleep_until(sent + 30_000);
            inbox.take(0, &receiver);
            let arrival = inbox.one(0, &Reading::take(), 0).expect("one datagram").0;
            if arrival <= sent + 5_000 {
                break;
            }
            assert!(sent < deadline, "{arrival} {sent}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_datagram_longer_than_any_audio_is_dropped() {
        let (sender, _) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        sender.send_to(&[0; LARGEST + 1], to).expect("loopback");
        sender.send_to(&[7; LARGEST], to).expect("loopback");
        let mut inbox = Inbox::new();
        inbox.fill(&receiver);
        assert_eq!(inbox.batch(&Reading::take(), 0).map(|(_, _, datagram)| datagram[0]).collect::<Vec<_>>(), [7]);
    }

    /// A socket that is connected tells of an ICMP message by failing once.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_refused_packet_hides_no_datagram() {
        let (gone, refusing) = local(Ipv4Addr::LOCALHOST);
        let (receiver, to) = local(Ipv4Addr::LOCALHOST);
        drop(gone);
        receiver.connect(refusing).expect("loopback");
        receiver.send(&[0]).expect("the refusal comes later");
        let back = bind(refusing).expect("free again");
        back.send_to(&[9; 20], to).expect("loopback");
        let mut inbox = Inbox::new();
        inbox.take(0, &receiver);
        assert_eq!(inbox.one(0, &Reading::take(), 0).map(|(_, _, datagram)| datagram[0]), Some(9));
    }
}
