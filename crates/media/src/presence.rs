//! Whether the far end is still there, as far as what comes from it tells.

use crate::event::{Event, EventQueue};

/// A far end that sent RTP within this time, µs, is a sender for RTCP: two of its intervals (RFC 3550 §6.3.5).
const SENDS_OF_LATE: u64 = 10_000_000;

/// Since when we listen, and when we last heard something. Times are µs.
#[derive(Debug)]
pub struct Presence {
    /// How long the far end may be silent: before its first RTP packet, and after; 0: for ever.
    initial_timeout: u64,
    timeout: u64,
    listening: bool,
    heard_at: u64,
    rtp_at: u64,
    /// Whether RTP came since we began to listen.
    pub heard_rtp: bool,
    /// Whether its silence was told.
    timed_out: bool,
}

impl Presence {
    /// Nobody listens yet. Timeouts in ms.
    pub fn new(initial_timeout: u32, timeout: u32) -> Self {
        Self {
            initial_timeout: u64::from(initial_timeout) * 1_000,
            timeout: u64::from(timeout) * 1_000,
            listening: false,
            heard_at: 0,
            rtp_at: 0,
            heard_rtp: false,
            timed_out: false,
        }
    }

    /// Nobody listens any more, until [`Self::watch`] is called again.
    pub fn pause(&mut self) {
        self.listening = false;
    }

    /// Looks whether the far end has been silent for too long.
    pub fn watch(&mut self, now: u64, events: &mut EventQueue) {
        if !self.listening {
            self.listening = true;
            self.heard_at = now;
            self.heard_rtp = false;
            self.timed_out = false;
        }
        let limit = if self.heard_rtp { self.timeout } else { self.initial_timeout };
        if !self.timed_out && limit > 0 && now.saturating_sub(self.heard_at) >= limit {
            self.timed_out = true;
            events.push(Event::Timeout { initial: !self.heard_rtp });
        }
    }

    /// An RTP packet came.
    pub fn hear_rtp(&mut self, now: u64, events: &mut EventQueue) {
        self.rtp_at = now;
        self.heard_rtp = true;
        self.hear(now, events);
    }

    /// The far end is there.
    pub fn hear(&mut self, now: u64, events: &mut EventQueue) {
        self.heard_at = now;
        if self.timed_out {
            self.timed_out = false;
            events.push(Event::Resumed);
        }
    }

    /// Whether the last RTP packet is recent enough for the far end to count as a sender.
    pub fn sends(&self, now: u64) -> bool {
        now.saturating_sub(self.rtp_at) < SENDS_OF_LATE
    }
}
