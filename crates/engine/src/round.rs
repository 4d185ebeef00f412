//! What a media thread does with the sessions that are due, some at a time:
//!
//! ```text
//!   for each: recvmsg    ──►  for each: receive · tick · poll    ──►  for each: send
//! ```
//! Each of the three goes through code of its own, the first and the last through much of the kernel's; so the processor has it at hand for
//! all but the first session. And while it works for one, it fetches what the next one needs: among thousands of sessions each is cold when
//! its turn comes, and waiting for its memory line by line takes longer than its work.

use crate::clock::{self, Reading};
use crate::inbox::{BATCH, Inbox};
use crate::session::{Io, MediaSession, lock};
use crate::wheel::Entry;
use sidetone_media::rtcp;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};

/// Sessions in a round.
pub const ROUND: usize = 16;
/// Batches that one session may take of a tick's time. What is beyond, a flood, waits in the socket or is dropped there.
const BATCHES: usize = 8;
/// Intervals from one look at the RTCP socket to the next. The kernel tells when a datagram came; where it does not, the round trip would
/// seem that much longer.
pub const CONTROL_TURN: u32 = if cfg!(target_os = "linux") { 25 } else { 1 };
/// Room for one RTP packet.
pub const PACKET: usize = 1_500;

/// What a processor fetches at once. Some fetch more.
const LINE: usize = 64;

/// A media thread's room for one round.
pub struct Round {
    inbox: Inbox,
    packets: Box<[[u8; PACKET]; ROUND]>,
    report: [u8; rtcp::LONGEST],
}

/// What one session's tick came to.
struct Outcome {
    /// Its packet's length, and where that goes.
    length: usize,
    destination: Option<SocketAddr>,
    /// It has signals, and is not among the pending sessions yet.
    news: bool,
}

impl Round {
    pub fn new() -> Self {
        Self { inbox: Inbox::new(), packets: Box::new([[0; PACKET]; ROUND]), report: [0; rtcp::LONGEST] }
    }

    /// One frame interval of at most [`ROUND`] sessions: takes the datagrams that wait, and sends this interval's packets. `after` are those
    /// whose turn comes next. Sessions that have signals are added to `news`. The answer has one bit for each session: it is closed.
    pub fn serve(
        &mut self,
        due: &[Entry<Arc<MediaSession>>],
        after: &[Entry<Arc<MediaSession>>],
        news: &mut Vec<Arc<MediaSession>>,
    ) -> u32 {
        let mut closed = 0;
        let begin = clock::now();
        // `close` waits for these, and so at most for a round.
        let mut lines: [Option<MutexGuard<'_, Option<Io>>>; ROUND] = [const { None }; ROUND];
        for (place, (entry, line)) in due.iter().zip(&mut lines).enumerate() {
            if let Some(next) = due.get(place + 1).or(after.first()) {
                fetch_session(&next.item);
            }
            let guard = lock(&entry.item.io);
            if let Some(io) = guard.as_ref().filter(|io| io.pace.is_even()) {
                self.inbox.take(place, &io.socket);
            }
            *line = Some(guard);
            // By the time it is ticked, this is there too.
            if let Ok(state) = entry.item.state.try_lock() {
                state.session.ahead(&mut fetch);
            }
        }
        let reading = Reading::take();
        let mut outcomes: [Option<Outcome>; ROUND] = [const { None }; ROUND];
        for (place, (entry, line)) in due.iter().zip(&mut lines).enumerate() {
            let session = &entry.item;
            let Some(io) = line.as_deref_mut().and_then(Option::as_mut) else {
                closed |= 1 << place;
                continue;
            };
            match session.guard(|| self.tick(session, io, place, begin, reading, entry.missed)) {
                Ok(outcome) => {
                    if outcome.news {
                        news.push(Arc::clone(session));
                    }
                    outcomes[place] = Some(outcome);
                }
                Err(tell) => {
                    closed |= 1 << place;
                    *line = None;
                    session.close();
                    if tell {
                        news.push(Arc::clone(session));
                    }
                }
            }
        }
        for ((outcome, line), packet) in outcomes.iter().zip(&lines).zip(self.packets.iter()) {
            if let Some(Outcome { length: length @ 1.., destination: Some(destination), .. }) = *outcome
                && let Some(io) = line.as_deref().and_then(Option::as_ref)
            {
                // A full send buffer or an unreachable network costs this packet; the next may pass.
                io.peer.send(&io.socket, &packet[..length], destination);
            }
        }
        closed
    }

    /// One session's tick, between the round's receiving and its sending.
    fn tick(&mut self, session: &MediaSession, io: &mut Io, place: usize, begin: u64, mut reading: Reading, skipped: u32) -> Outcome {
        self.look_for_reports(session, io);
        let most = io.pace.most();
        let mut state = lock(&session.state);
        if most == 1 {
            let datagram = self.inbox.one(place, &reading, io.emptied);
            io.pace.begin(1, datagram.is_some());
            if let Some((arrival, source, datagram)) = datagram {
                io.pace.note(reading.now, arrival);
                io.peer.note(source);
                state.session.receive(arrival, source, datagram);
            }
        }
        if most > 1 || io.pace.expects_more() {
            for _ in 0..BATCHES {
                // Taking them stays outside the lock.
                drop(state);
                let full = self.inbox.fill(&io.socket);
                reading = Reading::take();
                state = lock(&session.state);
                io.pace.begin(BATCH, full);
                for (arrival, source, datagram) in self.inbox.batch(&reading, io.emptied) {
                    io.pace.note(reading.now, arrival);
                    io.peer.note(source);
                    state.session.receive(arrival, source, datagram);
                }
                if !io.pace.expects_more() {
                    break;
                }
            }
        }
        io.emptied = begin;
        let packet = &mut self.packets[place];
        let mut length = state.session.tick(reading.now, skipped, packet);
        let destination = state.session.destination();
        let mut more = state.session.has_more();
        let report = state.session.tick_rtcp(reading.now, &mut self.report);
        let report_destination = if report > 0 { state.session.rtcp_destination() } else { None };
        let news = state.note();
        let remote = state.remote;
        drop(state);
        io.peer.settle(&io.socket, destination.filter(|_| destination == remote));
        while more && let (1.., Some(destination)) = (length, destination) {
            // Packets of 10 ms: all but the last go out at once.
            io.peer.send(&io.socket, &packet[..length], destination);
            let mut state = lock(&session.state);
            length = state.session.more(packet);
            more = state.session.has_more();
        }
        if let Some(destination) = report_destination {
            let _ = io.control.as_ref().unwrap_or(&io.socket).send_to(&self.report[..report], destination);
        }
        Outcome { length, destination, news }
    }

    /// Now and then: takes what came to the RTCP socket, where there is one.
    fn look_for_reports(&mut self, session: &MediaSession, io: &mut Io) {
        if io.control_turn > 0 {
            io.control_turn -= 1;
        } else if let Some(control) = &io.control {
            io.control_turn = CONTROL_TURN - 1;
            let begin = clock::now();
            self.inbox.fill(control);
            let reading = Reading::take();
            let mut state = lock(&session.state);
            for (arrival, source, datagram) in self.inbox.batch(&reading, io.control_emptied) {
                state.session.receive_rtcp(arrival, source, datagram);
            }
            io.control_emptied = begin;
        }
    }
}

/// Fetches what a tick touches of a session.
#[inline]
fn fetch_session(session: &Arc<MediaSession>) {
    let start: *const u8 = Arc::as_ptr(session).cast();
    for (begin, end) in MediaSession::NEAR {
        fetch(start.wrapping_add(begin), end - begin);
    }
}

/// Has the processor fetch so many bytes into its cache while it does something else.
#[inline]
fn fetch(start: *const u8, length: usize) {
    // By whole lines, the last one too.
    let within = start.addr() % LINE;
    for offset in (0..length + within).step_by(LINE) {
        let line = start.wrapping_sub(within).wrapping_add(offset);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch is a mere hint: it reads nothing that the program sees, and takes any address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.cast());
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: likewise.
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
        }
        // Elsewhere there is no such hint, or none that Rust offers.
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let _ = line;
    }
}
