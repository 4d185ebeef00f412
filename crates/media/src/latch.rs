//! Whose packets count, and where ours go (symmetric RTP, RFC 4961, with a lock).
//!
//! The SDP of a phone behind a NAT names an address that reaches nobody; its packets show the one that does. But whoever can guess
//! a port can send packets: so another source must show a run of packets in sequence before it is believed, and the source that
//! did so first stays until it falls silent, its SSRC changes, or a new offer/answer moves the far end.

use std::mem::offset_of;
use std::net::SocketAddr;

/// Packets in sequence that another source must send to be believed.
const RUN: usize = 4;
/// RFC 3550 A.1's MIN_SEQUENTIAL: packets in sequence with which the known source begins a new SSRC or sequence.
const MIN_SEQUENTIAL: usize = 2;
/// A source silent for this long, µs, may be replaced.
const SILENCE: u64 = 2_000_000;
/// No longer datagram is RTP for us: it would not fit an Ethernet frame.
pub const MAX_DATAGRAM: usize = 1_500;

/// How a packet relates to the stream so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// There is no stream.
    Fresh,
    /// Same SSRC, and a sequence number that may follow.
    Continues,
    /// Another SSRC, or a sequence number beyond reason.
    Breaks,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the far end's.
    Accept,
    /// Its source is on probation: it is held back.
    Hold,
    /// Its source has passed: it and those held back are the far end's now. See [`Latch::take_held`].
    Promote {
        /// Our packets go there from now on.
        latched: bool,
    },
    /// It is nobody's.
    Refuse,
}

/// The far end's source, and the candidate for its place.
///
/// ```text
///            from the SDP's address               4 in sequence
///   nobody ─────────────────────────► known ───────────────────────► locked
///     │                                 ▲ │                            │ ▲
///     │ another: 4 in sequence          │ │ another: 4 in sequence     │ │ the SDP's address, or, after 2 s
///     └────────────► locked             │ └──────────► locked          │ │ of silence, another: 4 in sequence
///                                       └── new SSRC, or new sequence ─┘ └─┘
/// ```
/// A new remote address from an offer/answer leads back to `nobody`. No packet of a candidate that passes is lost.
///
/// In memory, first what each tick touches; see [`crate::Session::NEAR`].
#[derive(Debug)]
#[repr(C)]
pub struct Latch {
    destination: Option<SocketAddr>,
    source: Option<SocketAddr>,
    /// Whether our packets go where the far end's come from; else, always where the SDP says.
    pub symmetric: bool,
    locked: bool,
    /// Packets in sequence from the source, the sequence number that goes on with them, and when the last came, µs.
    run: usize,
    next: u16,
    heard_at: u64,
    held: usize,
    remote: Option<SocketAddr>,
    candidate: Option<SocketAddr>,
    candidate_ssrc: u32,
    candidate_next: u16,
    arrivals: [u64; RUN],
    lengths: [usize; RUN],
    /// Those held back, one after the other. Takes no memory until there is one.
    datagrams: Vec<u8>,
    /// Packets refused, those of candidates that did not pass included.
    pub refused: u64,
}

impl Latch {
    /// See [`crate::Session::NEAR`]: so much from the beginning.
    pub const NEAR: usize = offset_of!(Self, remote);

    /// Nobody yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self {
            destination: None,
            source: None,
            symmetric: true,
            locked: false,
            run: 0,
            next: 0,
            heard_at: 0,
            held: 0,
            remote: None,
            candidate: None,
            candidate_ssrc: 0,
            candidate_next: 0,
            arrivals: [0; RUN],
            lengths: [0; RUN],
            datagrams: Vec::new(),
            refused: 0,
        }
    }

    /// Takes over the SDP's address. The same as before leaves everything as it is.
    pub fn configure(&mut self, remote: SocketAddr) {
        if self.remote == Some(remote) {
            return;
        }
        self.remote = Some(remote);
        self.destination = Some(remote);
        if self.source != Some(remote) {
            self.source = None;
        }
        self.locked = false;
        self.run = 0;
        self.dismiss();
    }

    /// Where our packets go.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.destination
    }

    /// Judges a packet. `datagram` is at most [`MAX_DATAGRAM`] long.
    pub fn judge(&mut self, now: u64, source: SocketAddr, ssrc: u32, sequence: u16, continuity: Continuity, datagram: &[u8]) -> Verdict {
        let known = self.source == Some(source);
        if (known && continuity != Continuity::Breaks) || (self.source.is_none() && self.remote == Some(source)) {
            self.source = Some(source);
            self.run = if self.run > 0 && sequence == self.next { self.run + 1 } else { 1 };
            self.next = sequence.wrapping_add(1);
            self.heard_at = now;
            self.locked |= self.run >= RUN;
            self.dismiss();
            return Verdict::Accept;
        }
        if !known && self.locked && now.saturating_sub(self.heard_at) < SILENCE && self.remote != Some(source) {
            self.refused += 1;
            return Verdict::Refuse;
        }
        let same = self.candidate == Some(source) && self.candidate_ssrc == ssrc && self.held > 0;
        if same && sequence == self.candidate_next.wrapping_sub(1) {
            self.refused += 1;
            return Verdict::Refuse;
        }
        if !same || sequence != self.candidate_next {
            self.dismiss();
            self.candidate = Some(source);
            self.candidate_ssrc = ssrc;
        }
        self.datagrams.extend_from_slice(datagram);
        self.arrivals[self.held] = now;
        self.lengths[self.held] = datagram.len();
        self.held += 1;
        self.candidate_next = sequence.wrapping_add(1);
        if self.held < if known { MIN_SEQUENTIAL } else { RUN } {
            return Verdict::Hold;
        }
        let latched = self.symmetric && self.destination != Some(source);
        self.source = Some(source);
        if latched {
            self.destination = Some(source);
        }
        self.locked = !known;
        self.run = self.held;
        self.next = self.candidate_next;
        self.heard_at = now;
        Verdict::Promote { latched }
    }

    /// After [`Verdict::Promote`]: the packet held back longest, its time of arrival and its length, copied into `datagram`.
    pub fn take_held(&mut self, index: usize, datagram: &mut [u8; MAX_DATAGRAM]) -> Option<(u64, usize)> {
        if index >= self.held {
            self.held = 0;
            self.datagrams.clear();
            return None;
        }
        let length = self.lengths[index];
        let start = self.lengths[..index].iter().sum::<usize>();
        datagram[..length].copy_from_slice(&self.datagrams[start..start + length]);
        Some((self.arrivals[index], length))
    }

    /// The candidate has not passed.
    fn dismiss(&mut self) {
        if self.held == 0 {
            return;
        }
        self.refused += self.held as u64;
        self.held = 0;
        self.datagrams.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 4_000))
    }

    fn other() -> SocketAddr {
        SocketAddr::from(([198, 51, 100, 7], 5_004))
    }

    fn latch() -> Latch {
        let mut latch = Latch::new();
        latch.configure(remote());
        latch
    }

    /// Packets in sequence from one source, 20 ms apart, from `now` on.
    fn run(latch: &mut Latch, now: u64, source: SocketAddr, sequences: std::ops::Range<u16>, continuity: Continuity) -> Vec<Verdict> {
        let start = sequences.start;
        sequences
            .map(|sequence| latch.judge(now + u64::from(sequence - start) * 20_000, source, 7, sequence, continuity, &[1; 20]))
            .collect()
    }

    #[test]
    fn the_negotiated_address_needs_no_probation() {
        let mut latch = latch();
        assert_eq!(run(&mut latch, 0, remote(), 0..1, Continuity::Fresh), [Verdict::Accept]);
        assert_eq!(run(&mut latch, 20_000, remote(), 1..5, Continuity::Continues), [Verdict::Accept; 4]);
        assert_eq!(latch.judge(100_000, other(), 7, 5, Continuity::Breaks, &[1]), Verdict::Refuse);
        assert_eq!(latch.refused, 1);
    }

    #[test]
    fn another_address_passes_with_four_packets_and_gets_all_of_them_back() {
        let mut latch = latch();
        let verdicts = run(&mut latch, 0, other(), 0..4, Continuity::Fresh);
        assert_eq!(verdicts, [Verdict::Hold, Verdict::Hold, Verdict::Hold, Verdict::Promote { latched: true }]);
        assert_eq!(latch.destination(), Some(other()));
        let mut datagram = [0; MAX_DATAGRAM];
        assert_eq!(latch.take_held(0, &mut datagram), Some((0, 20)));
        assert_eq!(latch.take_held(3, &mut datagram), Some((60_000, 20)));
        assert_eq!(datagram[..21], [[1; 20].as_slice(), &[0]].concat());
        assert_eq!(latch.take_held(4, &mut datagram), None);
        assert_eq!(latch.take_held(0, &mut datagram), None);
        assert_eq!(latch.refused, 0);
    }

    #[test]
    fn where_ours_go_stays_when_theirs_may_come_from_elsewhere() {
        let mut latch = latch();
        latch.symmetric = false;
        assert_eq!(run(&mut latch, 0, other(), 0..4, Continuity::Fresh)[3], Verdict::Promote { latched: false });
        assert_eq!(run(&mut latch, 80_000, other(), 4..6, Continuity::Continues), [Verdict::Accept; 2]);
        assert_eq!(latch.destination(), Some(remote()));
    }

    #[test]
    fn a_repeated_packet_neither_helps_nor_harms_a_candidate() {
        let mut latch = latch();
        run(&mut latch, 0, other(), 0..3, Continuity::Fresh);
        assert_eq!(latch.judge(0, other(), 7, 2, Continuity::Fresh, &[1]), Verdict::Refuse);
        assert_eq!(latch.judge(0, other(), 7, 3, Continuity::Fresh, &[1]), Verdict::Promote { latched: true });
    }

    #[test]
    fn a_packet_of_the_far_end_ends_the_candidates_run() {
        let mut latch = latch();
        run(&mut latch, 0, remote(), 0..1, Continuity::Fresh);
        run(&mut latch, 0, other(), 0..3, Continuity::Breaks);
        run(&mut latch, 0, remote(), 1..2, Continuity::Continues);
        assert_eq!(latch.refused, 3);
        assert_eq!(latch.judge(0, other(), 7, 3, Continuity::Breaks, &[1]), Verdict::Hold);
    }

    #[test]
    fn the_known_source_begins_anew_with_two_packets() {
        let mut latch = latch();
        run(&mut latch, 0, remote(), 0..5, Continuity::Continues);
        let verdicts = run(&mut latch, 0, remote(), 900..902, Continuity::Breaks);
        assert_eq!(verdicts, [Verdict::Hold, Verdict::Promote { latched: false }]);
    }
}
