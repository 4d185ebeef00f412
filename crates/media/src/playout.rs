//! Decides, frame by frame, what is heard: a packet, something made up, or silence; and moves the playout delay to where
//! [`crate::delay`] wants it.
//!
//! Time here is samples: `now` is the caller's clock, a packet's extended timestamp its sender's. A packet that met no delay
//! arrives `base` after its timestamp; it is played `depth` later than that.

use crate::concealment::Concealment;
use crate::cursor::Cursor;
use crate::delay::DelayEstimator;
use crate::g711::Encoding;
use crate::jitter::MAX_PAYLOAD;
use crate::noise::ComfortNoise;
use crate::tempo::Tempo;
use crate::timeline::Timeline;
use crate::{FRAME, FRAME_TIME, PER_MILLISECOND};
use std::mem::offset_of;

/// After so much made-up audio (200 ms) nobody waits any more: the next packet begins anew.
const LONGEST_GAP: i64 = 1_600;

/// What is at the cursor.
enum Found {
    /// Audio.
    Audio,
    /// Nothing was lost, but the next packet begins later: the sender was silent.
    Pause(i64),
    /// Packets are missing up to the next one, which begins then.
    Lost(i64),
    /// No packet waits.
    Nothing,
}

/// ```text
///          first packet has waited `target`
///   idle ───────────────────────────────────► playing ──┐ a packet, or made up; stretched where the delay
///    ▲                                          │  ▲ └──┘ is to change or the next packet threatens to be late
///    └── sender silent, or 200 ms of nothing ───┘
/// ```
/// When no packet waits, nobody knows yet whether the next is late or lost: what is made up then does not move the cursor
/// (`held`). If the packet comes after all, it is played, and the delay has grown as it should have. If its successor comes
/// instead, it was lost, and the cursor catches up: the delay is as before.
#[derive(Debug)]
#[repr(C)]
pub struct Playout {
    /// Whether any packet ever came: from then on there is something to play.
    pub heard: bool,
    timeline: Timeline,
    playing: bool,
    /// Samples made up with the cursor standing still, and since the last true one.
    held: i64,
    missing: i64,
    /// Samples made up of which it is not known yet whether a packet was missing.
    pending: u64,
    /// The packet before the cursor was a telephone-event: no audio is expected.
    after_event: bool,
    /// Samples played, and those of them that replace a missing packet.
    pub played: u64,
    /// See `played`.
    pub concealed: u64,
    /// Changes the delay.
    pub tempo: Tempo,
    cursor: Cursor,
    noise: ComfortNoise,
    concealment: Concealment,
    delay: DelayEstimator,
}

impl Playout {
    /// See [`crate::Session::NEAR`]: where each piece begins and ends.
    pub const NEAR: [(usize, usize); 2] = [
        (0, offset_of!(Self, noise) + 1),
        (offset_of!(Self, concealment) + Concealment::NEAR, offset_of!(Self, delay) + DelayEstimator::NEAR),
    ];

    /// Bounds of the delay in ms.
    pub fn new(minimum_delay: u32, maximum_delay: u32) -> Self {
        let maximum = i64::from(maximum_delay.min(1_000) * PER_MILLISECOND);
        let minimum = i64::from(minimum_delay.min(1_000) * PER_MILLISECOND).min(maximum);
        Self {
            cursor: Cursor::new(),
            delay: DelayEstimator::new(minimum, maximum),
            concealment: Concealment::new(),
            noise: ComfortNoise::new(),
            heard: false,
            timeline: Timeline::new(),
            playing: false,
            held: 0,
            missing: 0,
            pending: 0,
            after_event: false,
            played: 0,
            concealed: 0,
            tempo: Tempo::new(),
        }
    }

    /// Another stream begins, or none: what waits is dropped.
    pub fn reset(&mut self) {
        self.cursor.buffer.reset();
        self.delay.restart();
        self.timeline.reset();
        self.playing = false;
        self.held = 0;
        self.missing = 0;
        self.pending = 0;
        self.after_event = false;
        self.noise.described = false;
    }

    /// Packets that came after their moment.
    pub fn late(&self) -> u64 {
        self.cursor.buffer.late
    }

    /// See [`crate::Session::ahead`].
    pub fn ahead(&self, fetch: &mut impl FnMut(*const u8, usize)) {
        let (places, payloads) = self.cursor.buffer.ahead();
        fetch(places.as_ptr().cast(), size_of_val(places));
        payloads.into_iter().for_each(|payload| fetch(payload.as_ptr(), payload.len()));
        self.concealment.ahead().into_iter().for_each(|samples| fetch(samples.as_ptr().cast(), size_of_val(samples)));
        fetch(self.delay.ahead().as_ptr().cast(), size_of_val(self.delay.ahead()));
    }

    /// The RTP timestamp of the sample to be played next.
    pub fn position(&self) -> u32 {
        self.timeline.rtp(self.cursor.at)
    }

    /// The delay aimed for, in samples.
    pub fn delay(&self) -> u32 {
        self.delay.target() as u32
    }

    /// Takes an audio packet of at most [`MAX_PAYLOAD`] bytes that is no duplicate. `sequence` is extended.
    pub fn receive(&mut self, arrival: i64, sequence: i64, rtp: u32, encoding: Encoding, payload: &[u8]) {
        debug_assert!(payload.len() <= MAX_PAYLOAD);
        self.heard = true;
        if payload.is_empty() {
            self.cursor.buffer.insert(sequence, 0, None, payload);
            return;
        }
        let Some(timestamp) = self.timeline.extend(arrival, sequence, rtp, payload.len() as i64) else {
            self.cursor.buffer.late += 1;
            return;
        };
        self.delay.observe(arrival, timestamp);
        self.cursor.buffer.insert(sequence, timestamp, Some(encoding), payload);
    }

    /// Takes a telephone-event's packet: it has a sequence number like any other, but no audio.
    pub fn receive_event(&mut self, sequence: i64) {
        self.heard = true;
        self.cursor.buffer.insert(sequence, 0, None, &[]);
    }

    /// Takes a comfort noise packet (RFC 3389): from its place on the far end is silent, and this is how its silence sounds.
    pub fn receive_noise(&mut self, sequence: i64, payload: &[u8]) {
        self.heard = true;
        self.cursor.buffer.insert(sequence, 0, None, payload);
    }

    /// Plays one frame.
    pub fn play(&mut self, now: i64, frame: &mut [i16; FRAME]) {
        self.played += FRAME as u64;
        self.tempo.tick();
        if self.playing && self.depth(now) > self.delay.maximum() + 2 * FRAME_TIME {
            // A stall is over, ours or the network's, and its packets came all at once: only the newest are worth hearing.
            self.playing = false;
            self.concealment.bridge();
        }
        if !self.playing && !self.start(now) {
            self.rest(frame);
            return;
        }
        let found = self.seek();
        if matches!(found, Found::Audio) && self.tempo.stretch(self.depth(now), &mut self.cursor, &self.delay, &self.concealment, frame) {
            self.resume();
            self.concealment.good(frame);
        } else {
            self.fill(now, found, frame);
        }
    }

    /// How much later than undelayed the sample at the cursor is played, if it is played at `now`.
    fn depth(&self, now: i64) -> i64 {
        now - self.cursor.at - self.delay.base()
    }

    /// Begins to play with the first packet that waits, once it has waited long enough.
    fn start(&mut self, now: i64) -> bool {
        let mut skipping = false;
        while let Some((sequence, slot)) = self.cursor.buffer.first() {
            if slot.encoding.is_none() {
                self.noise.describe(self.cursor.buffer.payload(sequence, 0));
                self.cursor.buffer.advance(sequence + 1);
                continue;
            }
            let depth = now - slot.timestamp - self.delay.base();
            if depth < self.delay.target() {
                return false;
            }
            skipping |= depth > self.delay.maximum();
            if skipping && depth >= self.delay.target() + FRAME_TIME {
                self.cursor.buffer.advance(sequence + 1);
                continue;
            }
            // Nothing lost, nothing late: what was made up filled a pause of the sender.
            if sequence > self.cursor.buffer.next || slot.timestamp <= self.cursor.at {
                self.concealed += self.pending;
            }
            self.cursor.buffer.advance(sequence);
            self.cursor.at = slot.timestamp;
            self.pending = 0;
            self.playing = true;
            self.tempo.reset();
            self.held = 0;
            self.missing = 0;
            return true;
        }
        false
    }

    /// What is at the cursor. Passes over what lies before it.
    fn seek(&mut self) -> Found {
        while let Some((sequence, slot)) = self.cursor.buffer.first() {
            let missing = sequence - self.cursor.buffer.next;
            if slot.encoding.is_none() {
                self.noise.describe(self.cursor.buffer.payload(sequence, 0));
                self.cursor.buffer.advance(sequence);
                self.cursor.buffer.release();
                self.after_event = true;
            } else if missing > 0 && slot.timestamp > self.cursor.at {
                // More time than the missing packets could fill: mostly the sender's silence.
                if slot.timestamp - self.cursor.at > missing * slot.length() + FRAME_TIME {
                    return Found::Pause(slot.timestamp);
                }
                return Found::Lost(slot.timestamp);
            } else if slot.timestamp + slot.length() <= self.cursor.at {
                self.cursor.buffer.advance(sequence + 1);
            } else if slot.timestamp > self.cursor.at {
                return Found::Pause(slot.timestamp);
            } else {
                self.cursor.buffer.advance(sequence);
                return Found::Audio;
            }
        }
        Found::Nothing
    }

    /// Plays what is there, and makes up what is not. `found`: what is at the cursor.
    fn fill(&mut self, now: i64, found: Found, frame: &mut [i16; FRAME]) {
        // True audio up to `at` begins at `from`: mostly the end of one packet and the beginning of the next.
        let (mut from, mut at) = (0, 0);
        let mut found = Some(found);
        while at < FRAME {
            let rest = FRAME - at;
            let depth = self.depth(now);
            let found = found.take().unwrap_or_else(|| self.seek());
            if !matches!(found, Found::Audio) && from < at {
                self.concealment.good(&mut frame[from..at]);
            }
            match found {
                Found::Audio => {
                    at += self.cursor.copy(&mut frame[at..]);
                    self.resume();
                    continue;
                }
                Found::Pause(timestamp) => {
                    self.playing = false;
                    if at > 0 || !self.start(now) {
                        // A frame's middle is no place to begin: all but the first part of the packet would be needed early.
                        self.cursor.at = timestamp.min(self.cursor.at + rest as i64);
                        self.rest(&mut frame[at..]);
                        return;
                    }
                }
                Found::Lost(timestamp) => at += self.bridge(timestamp, depth, &mut frame[at..]),
                Found::Nothing => {
                    self.wait(depth, &mut frame[at..]);
                    return;
                }
            }
            from = at;
        }
        if from < at {
            self.concealment.good(&mut frame[from..]);
        }
    }

    /// Packets are missing up to the one that begins at `timestamp`. Returns how many samples were made up.
    fn bridge(&mut self, timestamp: i64, depth: i64, samples: &mut [i16]) -> usize {
        self.concealed += self.pending;
        self.pending = 0;
        let gap = timestamp - self.cursor.at;
        if self.held > 0 {
            let caught_up = self.held.min(gap);
            self.held = 0;
            if depth - caught_up >= self.delay.target() {
                self.cursor.at += caught_up;
                return 0;
            }
        }
        let count = gap.min(samples.len() as i64);
        self.concealment.conceal(&mut samples[..count as usize]);
        self.concealed += count as u64;
        self.missing += count;
        if depth + FRAME_TIME <= self.delay.target() {
            self.held += count;
        } else {
            self.cursor.at += count;
        }
        count as usize
    }

    /// No packet waits.
    fn wait(&mut self, depth: i64, samples: &mut [i16]) {
        if self.after_event || self.missing >= LONGEST_GAP {
            self.playing = false;
            self.rest(samples);
            return;
        }
        self.concealment.conceal(samples);
        self.pending += samples.len() as u64;
        self.missing += samples.len() as i64;
        if depth + FRAME_TIME <= self.delay.maximum() {
            self.held += samples.len() as i64;
        } else {
            self.cursor.at += samples.len() as i64;
        }
    }

    /// There is true audio to play.
    fn resume(&mut self) {
        self.concealed += self.pending;
        self.pending = 0;
        self.held = 0;
        self.missing = 0;
        self.after_event = false;
        self.noise.described = false;
    }

    /// The far end says nothing: its noise, if it described any.
    fn rest(&mut self, samples: &mut [i16]) {
        if self.noise.described {
            self.noise.fill(samples);
            self.concealment.good(samples);
        } else {
            self.concealment.silence(samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g711;

    /// A packet whose every sample decodes to `4 * code + 3` or so: enough to tell packets apart.
    fn receive(playout: &mut Playout, arrival: i64, sequence: i64, code: u8) {
        playout.receive(arrival, sequence, (sequence * FRAME_TIME) as u32, Encoding::Pcmu, &[code; FRAME]);
    }

    /// The code of the packet that the frame played at `now` ends with.
    fn play(playout: &mut Playout, now: i64) -> u8 {
        let mut frame = [0; FRAME];
        playout.play(now, &mut frame);
        let mut code = [0];
        g711::encode_ulaw(&frame[FRAME - 1..], &mut code);
        code[0]
    }

    const SILENCE: u8 = 0xff;

    #[test]
    fn waits_for_the_least_delay_then_plays_in_order() {
        let mut playout = Playout::new(20, 200);
        receive(&mut playout, 0, 10, 0x90);
        assert_eq!(play(&mut playout, 100), SILENCE);
        receive(&mut playout, 160, 11, 0x91);
        assert_eq!(play(&mut playout, 260), 0x90);
        assert_eq!(play(&mut playout, 420), 0x91);
    }

    #[test]
    fn a_missing_packet_costs_one_frame_and_no_delay() {
        let mut playout = Playout::new(20, 200);
        for sequence in 0..40 {
            if sequence != 20 {
                receive(&mut playout, sequence * FRAME_TIME, sequence, 0x80 + sequence as u8);
            }
            let heard = play(&mut playout, sequence * FRAME_TIME + 60);
            if sequence > 22 {
                assert_eq!(heard, 0x80 + sequence as u8 - 1);
            }
        }
        assert_eq!((playout.concealed, playout.late()), (160, 0));
    }

    #[test]
    fn a_packet_that_is_overtaken_for_too_long_is_late_and_leaves_no_delay_behind() {
        let mut playout = Playout::new(20, 200);
        let mut lag = 0;
        for sequence in 0..3_000_i64 {
            if sequence != 20 {
                receive(&mut playout, sequence * FRAME_TIME, sequence, 0x80 + (sequence % 100) as u8);
            }
            if sequence == 22 {
                receive(&mut playout, sequence * FRAME_TIME, 20, 0x80 + 20);
            }
            let heard = play(&mut playout, sequence * FRAME_TIME + 60);
            lag = (sequence - i64::from(heard.wrapping_sub(0x80))).rem_euclid(100);
        }
        assert_eq!(lag, 1);
        assert_eq!((playout.concealed, playout.late()), (160, 1));
    }

    #[test]
    fn a_burst_after_a_stall_of_the_network_does_not_leave_the_delay_beyond_its_bound() {
        let mut playout = Playout::new(20, 100);
        let mut lag = 0;
        for sequence in 0..200_i64 {
            if !(50..100).contains(&sequence) {
                receive(&mut playout, sequence * FRAME_TIME, sequence, 0x80 + (sequence % 100) as u8);
            }
            if sequence == 100 {
                for stalled in 50..100 {
                    receive(&mut playout, sequence * FRAME_TIME, stalled, 0x80 + (stalled % 100) as u8);
                }
            }
            lag = (sequence - i64::from(play(&mut playout, sequence * FRAME_TIME + 60).wrapping_sub(0x80))).rem_euclid(100);
        }
        assert!(lag <= 6, "{lag} frames");
    }

    #[test]
    fn nothing_is_played_after_a_reset() {
        let mut playout = Playout::new(20, 200);
        receive(&mut playout, 0, 10, 0x90);
        playout.reset();
        assert!(playout.heard);
        assert_eq!(play(&mut playout, 1_000), SILENCE);
        assert_eq!(playout.concealed, 0);
    }
}
