//! The far ends of many calls, in a process of their own: for `npm run bench -- calls`. Each sends a packet of speech-like µ-law every
//! 20 ms, a twentieth of them every millisecond, and notes when the packets of the engine under test left it, by the kernel's clock.
//!
//! Tells its own ports on stdout, takes the engine's from stdin (one line), warms up, measures, tells what it found as JSON.
//!
//!   load <warm-up seconds> <measured seconds>

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead, stdin};
    use std::mem::zeroed;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::ptr::null_mut;

    /// Several, so that the engine's core and this one do not wait for each other at one socket's lock.
    const SOCKETS: usize = 16;
    const BATCH: usize = 64;
    const PACKET: usize = 172;
    const FRAME: u64 = 20_000_000;

    struct Call {
        port: u16,
        sequence: u16,
        timestamp: u32,
        /// Of the engine's packets: the last one's number and departure, and what was counted since the measurement began.
        last: Option<(u16, u64)>,
        received: u64,
        lost: u64,
    }

    fn clock(id: libc::clockid_t) -> u64 {
        // SAFETY: zero is a value of a timespec.
        let mut time: libc::timespec = unsafe { zeroed() };
        // SAFETY: `time` is a valid place.
        unsafe { libc::clock_gettime(id, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }

    fn sleep_until(deadline: u64) {
        let time = libc::timespec { tv_sec: (deadline / 1_000_000_000) as _, tv_nsec: (deadline % 1_000_000_000) as _ };
        // SAFETY: `time` is valid; the remainder may be null.
        unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &time, null_mut()) };
    }

    fn option(socket: &UdpSocket, name: libc::c_int, value: libc::c_int) {
        // SAFETY: the value is an int, and its size is said.
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, (&raw const value).cast(), 4) };
    }

    /// Room for one system call's messages.
    struct Messages {
        bytes: [[u8; 256]; BATCH],
        names: [libc::sockaddr_in; BATCH],
        control: [[u64; 8]; BATCH],
        vectors: [libc::iovec; BATCH],
        headers: [libc::mmsghdr; BATCH],
    }

    impl Messages {
        fn new() -> Box<Self> {
            // SAFETY: integers and pointers, for which zero is a value.
            unsafe { Box::new(zeroed()) }
        }

        fn prepare(&mut self, length: usize, control: bool) {
            for index in 0..BATCH {
                self.vectors[index] = libc::iovec { iov_base: self.bytes[index].as_mut_ptr().cast(), iov_len: length };
                let header = &mut self.headers[index].msg_hdr;
                header.msg_name = (&raw mut self.names[index]).cast();
                header.msg_namelen = size_of::<libc::sockaddr_in>() as _;
                header.msg_iov = &raw mut self.vectors[index];
                header.msg_iovlen = 1;
                header.msg_control = if control { self.control[index].as_mut_ptr().cast() } else { null_mut() };
                header.msg_controllen = if control { 64 } else { 0 };
            }
        }
    }

    pub fn run() {
        let seconds: Vec<u64> = std::env::args().skip(1).map(|argument| argument.parse().expect("seconds")).collect();
        let &[warm_up, measured] = seconds.as_slice() else { panic!("load <warm-up seconds> <measured seconds>") };
        let sockets: Vec<UdpSocket> = (0..SOCKETS).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
        for socket in &sockets {
            socket.set_nonblocking(true).expect("non-blocking");
            option(socket, libc::SO_RCVBUFFORCE, 8 << 20);
            option(socket, libc::SO_SNDBUFFORCE, 8 << 20);
            option(socket, libc::SO_TIMESTAMPNS, 1);
        }
        let own: Vec<u16> = sockets.iter().map(|socket| socket.local_addr().expect("bound").port()).collect();
        println!("{}", own.iter().map(u16::to_string).collect::<Vec<_>>().join(" "));

        let mut line = String::new();
        stdin().lock().read_line(&mut line).expect("ports");
        let mut calls: Vec<Call> = line
            .split_whitespace()
            .enumerate()
            .map(|(index, port)| Call {
                port: port.parse().expect("a port"),
                sequence: (index * 77) as u16,
                timestamp: index as u32 * 1_000,
                last: None,
                received: 0,
                lost: 0,
            })
            .collect();
        let mut by_port = vec![u32::MAX; 65_536];
        for (index, call) in calls.iter().enumerate() {
            by_port[usize::from(call.port)] = index as u32;
        }
        // By socket and slot: call `i` talks to socket `i % SOCKETS`, in slot `i / SOCKETS % 20`.
        let mut groups = vec![Vec::new(); SOCKETS * 20];
        for index in 0..calls.len() {
            groups[index % SOCKETS * 20 + index / SOCKETS % 20].push(index);
        }
        // Codes that move as speech does; each call takes other stretches of them.
        let speech: Vec<u8> = (0..8_192_u32)
            .map(|at| 0x80 | (at.wrapping_mul(2_654_435_761) >> 26) as u8 ^ if at / 40 % 2 == 0 { 0x80 } else { 0 })
            .collect();

        let mut out = Messages::new();
        out.prepare(PACKET, false);
        let mut into = Messages::new();
        let begin = clock(libc::CLOCK_MONOTONIC);
        let (mut sent, mut refused, mut within, mut spacings, mut latest) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
        let mut deviations = vec![0_u64; 4_001];
        let mut cpu = 0;
        let total = (warm_up + measured) * 1_000;
        for millisecond in 0..total {
            let deadline = begin + millisecond * FRAME / 20;
            sleep_until(deadline);
            let measuring = millisecond >= warm_up * 1_000;
            if millisecond == warm_up * 1_000 {
                cpu = clock(libc::CLOCK_PROCESS_CPUTIME_ID);
            }
            if measuring {
                latest = latest.max(clock(libc::CLOCK_MONOTONIC) - deadline);
            }
            for (number, socket) in sockets.iter().enumerate() {
                for group in groups[number * 20 + (millisecond % 20) as usize].chunks(BATCH) {
                    for (slot, &index) in group.iter().enumerate() {
                        let call = &mut calls[index];
                        let packet = &mut out.bytes[slot];
                        packet[0] = 0x80;
                        packet[1] = 0;
                        packet[2..4].copy_from_slice(&call.sequence.to_be_bytes());
                        packet[4..8].copy_from_slice(&call.timestamp.to_be_bytes());
                        packet[8..12].copy_from_slice(&(index as u32).to_be_bytes());
                        let at = (index * 97 + usize::from(call.sequence) * 160) % (speech.len() - 160);
                        packet[12..PACKET].copy_from_slice(&speech[at..at + 160]);
                        call.sequence = call.sequence.wrapping_add(1);
                        call.timestamp = call.timestamp.wrapping_add(160);
                        let name = &mut out.names[slot];
                        name.sin_family = libc::AF_INET as _;
                        name.sin_port = call.port.to_be();
                        name.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
                    }
                    // SAFETY: the first `group.len()` headers are complete, and point into `out`.
                    let done = unsafe { libc::sendmmsg(socket.as_raw_fd(), out.headers.as_mut_ptr(), group.len() as _, 0) };
                    let done = done.max(0) as u64;
                    refused += group.len() as u64 - done;
                    sent += if measuring { done } else { 0 };
                }
                if !(millisecond as usize + number).is_multiple_of(4) {
                    continue;
                }
                loop {
                    into.prepare(256, true);
                    // SAFETY: every header is complete, and points into `into`.
                    let count = unsafe {
                        libc::recvmmsg(socket.as_raw_fd(), into.headers.as_mut_ptr(), BATCH as _, libc::MSG_DONTWAIT as _, null_mut())
                    };
                    for slot in 0..count.max(0) as usize {
                        let Some(call) = calls.get_mut(by_port[usize::from(u16::from_be(into.names[slot].sin_port))] as usize) else {
                            continue;
                        };
                        // The one control message is the timestamp, behind its header of 16 bytes.
                        let departed = into.control[slot][2] * 1_000_000_000 + into.control[slot][3];
                        let sequence = u16::from_be_bytes([into.bytes[slot][2], into.bytes[slot][3]]);
                        if let (true, Some((before, at))) = (measuring, call.last) {
                            let step = u64::from(sequence.wrapping_sub(before));
                            let deviation = departed.abs_diff(at + step * FRAME);
                            within += u64::from(deviation <= 2_000_000);
                            spacings += 1;
                            call.received += 1;
                            call.lost += step - 1;
                            deviations[(deviation / 10_000).min(4_000) as usize] += 1;
                        }
                        call.last = Some((sequence, departed));
                    }
                    if (count as usize) < BATCH || count < 0 {
                        break;
                    }
                }
            }
        }
        let received: u64 = calls.iter().map(|call| call.received).sum();
        let lost: u64 = calls.iter().map(|call| call.lost).sum();
        let cpu = (clock(libc::CLOCK_PROCESS_CPUTIME_ID) - cpu) as f64 / (measured as f64 * 1e9);
        let quantile = |share: f64| {
            let mut left = (spacings as f64 * share) as u64;
            let bucket = deviations.iter().position(|&count| {
                let reached = count > left;
                left = left.saturating_sub(count);
                reached
            });
            bucket.unwrap_or(0) as f64 / 100.0
        };
        println!(
            r#"{{"sent":{sent},"refused":{refused},"received":{received},"lost":{lost},"within":{:.5},"deviationMedian":{},"deviation99":{},"deviation999":{},"busy":{cpu:.3},"latest":{:.2}}}"#,
            within as f64 / spacings.max(1) as f64,
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
            latest as f64 / 1e6,
        );
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
    #[cfg(not(target_os = "linux"))]
    eprintln!("load runs on Linux: it needs the kernel's times of arrival");
}
