//! Decides, frame by frame, what is heard: a packet, something made up, or silence; and moves the playout delay to where
//! [`crate::delay`] wants it.
//!
//! Time here is samples: `now` is the caller's clock, a packet's extended timestamp its sender's. A packet that met no delay
//! arrives `base` after its timestamp; it is played `depth` later than that.

use crate::FRAME;
use crate::PER_MILLISECOND;
use crate::concealment::{Concealment, HISTORY};
use crate::delay::DelayEstimator;
use crate::g711::{self, Encoding};
use crate::jitter::{JitterBuffer, MAX_PAYLOAD};
use crate::noise::ComfortNoise;
use crate::stretch::{self, LONGEST, SHORTEST, Towards, WINDOW};

/// A frame, for arithmetic with times.
const FRAME_TIME: i64 = FRAME as i64;
/// The delay is left alone while it is less than so much greater or smaller than it should be (10 ms, 3 ms): too small is worse.
const TOO_GREAT: i64 = 80;
const TOO_SMALL: i64 = 24;
/// Frames after a change during which the delay is left alone.
const PAUSE: u32 = 3;
/// A surplus of 40 ms is worth a joint that may be heard.
const MUCH: i64 = 320;
/// How alike two stretches of sound must be to be joined: squared correlation, and that when there is much to gain.
const ALIKE: f64 = 0.7;
const HARDLY_ALIKE: f64 = 0.4;
/// When the next packet threatens to come too late, 10 ms are gained at least; and it is given half a frame beyond its moment.
const LEAST_THREATENED: i64 = 80;
const HALF: i64 = 80;
/// With less than 5 ms of true audio there is nothing to stretch.
const LEAST_READY: i64 = 40;
/// After so much made-up audio (200 ms) nobody waits any more: the next packet begins anew.
const LONGEST_GAP: i64 = 1_600;
/// A timestamp further than 1 s from where sequence number and time of arrival both put it shows that the sender's clock was set.
const CLOCK_SET: i64 = 8_000;

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
pub struct Playout {
    buffer: JitterBuffer,
    delay: DelayEstimator,
    concealment: Concealment,
    noise: ComfortNoise,
    /// Whether any packet ever came: from then on there is something to play.
    pub heard: bool,
    /// Where RTP timestamps lie in extended ones: the newest packet's number, both timestamps, length and transit time.
    mapped: bool,
    last_sequence: i64,
    last_rtp: u32,
    last_timestamp: i64,
    last_length: i64,
    last_transit: i64,
    /// Older packets than this have timestamps from before the sender's clock was set.
    rebased: i64,
    playing: bool,
    /// Extended timestamp of the next sample to be played.
    cursor: i64,
    /// Samples made up with the cursor standing still, and since the last true one.
    held: i64,
    missing: i64,
    /// Samples made up of which it is not known yet whether a packet was missing.
    pending: u64,
    /// The packet before the cursor was a telephone-event: no audio is expected.
    after_event: bool,
    /// Frames since the delay was last changed.
    unchanged: u32,
    /// Samples played, and those of them that replace a missing packet.
    pub played: u64,
    /// See `played`.
    pub concealed: u64,
    /// Samples left out or inserted to change the delay.
    pub stretched: u64,
}

impl Playout {
    /// Bounds of the delay in ms.
    pub fn new(minimum_delay: u32, maximum_delay: u32) -> Self {
        let maximum = i64::from(maximum_delay.min(1_000) * PER_MILLISECOND);
        let minimum = i64::from(minimum_delay.min(1_000) * PER_MILLISECOND).min(maximum);
        Self {
            buffer: JitterBuffer::new(),
            delay: DelayEstimator::new(minimum, maximum),
            concealment: Concealment::new(),
            noise: ComfortNoise::new(),
            heard: false,
            mapped: false,
            last_sequence: 0,
            last_rtp: 0,
            last_timestamp: 0,
            last_length: 0,
            last_transit: 0,
            rebased: 0,
            playing: false,
            cursor: 0,
            held: 0,
            missing: 0,
            pending: 0,
            after_event: false,
            unchanged: 0,
            played: 0,
            concealed: 0,
            stretched: 0,
        }
    }

    /// Another stream begins, or none: what waits is dropped.
    pub fn reset(&mut self) {
        self.buffer.reset();
        self.delay.restart();
        self.mapped = false;
        self.playing = false;
        self.held = 0;
        self.missing = 0;
        self.pending = 0;
        self.after_event = false;
        self.noise.described = false;
    }

    /// Packets that came after their moment.
    pub fn late(&self) -> u64 {
        self.buffer.late
    }

    /// See [`crate::Session::ahead`].
    pub fn ahead(&self, fetch: &mut impl FnMut(*const u8, usize)) {
        let (places, payloads) = self.buffer.ahead();
        fetch(places.as_ptr().cast(), size_of_val(places));
        payloads.into_iter().for_each(|payload| fetch(payload.as_ptr(), payload.len()));
        self.delay.ahead().into_iter().for_each(|bins| fetch(bins.as_ptr().cast(), size_of_val(bins)));
    }

    /// The RTP timestamp of the sample to be played next.
    pub fn position(&self) -> u32 {
        self.last_rtp.wrapping_add((self.cursor - self.last_timestamp) as u32)
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
            self.buffer.insert(sequence, 0, None, payload);
            return;
        }
        let Some(timestamp) = self.extend(arrival, sequence, rtp, payload.len() as i64) else {
            self.buffer.late += 1;
            return;
        };
        self.delay.observe(arrival, timestamp);
        self.buffer.insert(sequence, timestamp, Some(encoding), payload);
    }

    /// Takes a telephone-event's packet: it has a sequence number like any other, but no audio.
    pub fn receive_event(&mut self, sequence: i64) {
        self.heard = true;
        self.buffer.insert(sequence, 0, None, &[]);
    }

    /// Takes a comfort noise packet (RFC 3389): from its place on the far end is silent, and this is how its silence sounds.
    pub fn receive_noise(&mut self, sequence: i64, payload: &[u8]) {
        self.heard = true;
        self.buffer.insert(sequence, 0, None, payload);
    }

    /// Plays one frame.
    pub fn play(&mut self, now: i64, frame: &mut [i16; FRAME]) {
        self.played += FRAME as u64;
        self.unchanged = (self.unchanged + 1).min(PAUSE);
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
        if !(matches!(found, Found::Audio) && self.stretch(now, frame)) {
            self.fill(now, found, frame);
        }
    }

    /// How much later than undelayed the sample at the cursor is played, if it is played at `now`.
    fn depth(&self, now: i64) -> i64 {
        now - self.cursor - self.delay.base()
    }

    /// Takes a timestamp out of its 32 bits. None: the packet was overtaken, and where its timestamp lies is unknown.
    fn extend(&mut self, arrival: i64, sequence: i64, rtp: u32, length: i64) -> Option<i64> {
        if !self.mapped {
            self.mapped = true;
            self.rebased = 0;
            self.last_sequence = sequence;
            self.last_rtp = rtp;
            self.last_timestamp = 0;
            self.last_length = length;
            self.last_transit = arrival;
            return Some(0);
        }
        let step = i64::from(rtp.wrapping_sub(self.last_rtp) as i32);
        let mut timestamp = self.last_timestamp + step;
        let by_sequence = step - (sequence - self.last_sequence) * self.last_length;
        if sequence < self.last_sequence {
            return (sequence >= self.rebased && by_sequence.abs() <= CLOCK_SET).then_some(timestamp);
        }
        let by_arrival = arrival - timestamp - self.last_transit;
        if by_arrival.abs() > CLOCK_SET && by_sequence.abs() > CLOCK_SET {
            timestamp = (arrival - self.last_transit).max(self.last_timestamp + self.last_length);
            self.rebased = sequence;
        }
        self.last_sequence = sequence;
        self.last_rtp = rtp;
        self.last_timestamp = timestamp;
        self.last_length = length;
        self.last_transit = arrival - timestamp;
        Some(timestamp)
    }

    /// Begins to play with the first packet that waits, once it has waited long enough.
    fn start(&mut self, now: i64) -> bool {
        let mut skipping = false;
        while let Some((sequence, slot)) = self.buffer.first() {
            if slot.encoding.is_none() {
                self.noise.describe(self.buffer.payload(sequence, 0));
                self.buffer.advance(sequence + 1);
                continue;
            }
            let depth = now - slot.timestamp - self.delay.base();
            if depth < self.delay.target() {
                return false;
            }
            skipping |= depth > self.delay.maximum();
            if skipping && depth >= self.delay.target() + FRAME_TIME {
                self.buffer.advance(sequence + 1);
                continue;
            }
            // Nothing lost, nothing late: what was made up filled a pause of the sender.
            if sequence > self.buffer.next || slot.timestamp <= self.cursor {
                self.concealed += self.pending;
            }
            self.buffer.advance(sequence);
            self.cursor = slot.timestamp;
            self.pending = 0;
            self.playing = true;
            self.unchanged = 0;
            self.held = 0;
            self.missing = 0;
            return true;
        }
        false
    }

    /// What is at the cursor. Passes over what lies before it.
    fn seek(&mut self) -> Found {
        while let Some((sequence, slot)) = self.buffer.first() {
            let missing = sequence - self.buffer.next;
            if slot.encoding.is_none() {
                self.noise.describe(self.buffer.payload(sequence, 0));
                self.buffer.advance(sequence);
                self.buffer.release();
                self.after_event = true;
            } else if missing > 0 && slot.timestamp > self.cursor {
                // More time than the missing packets could fill: mostly the sender's silence.
                if slot.timestamp - self.cursor > missing * slot.length() + FRAME_TIME {
                    return Found::Pause(slot.timestamp);
                }
                return Found::Lost(slot.timestamp);
            } else if slot.timestamp + slot.length() <= self.cursor {
                self.buffer.advance(sequence + 1);
            } else if slot.timestamp > self.cursor {
                return Found::Pause(slot.timestamp);
            } else {
                self.buffer.advance(sequence);
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
                    at += self.copy(&mut frame[at..]);
                    self.resume();
                    continue;
                }
                Found::Pause(timestamp) => {
                    self.playing = false;
                    if at > 0 || !self.start(now) {
                        // A frame's middle is no place to begin: all but the first part of the packet would be needed early.
                        self.cursor = timestamp.min(self.cursor + rest as i64);
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
        let gap = timestamp - self.cursor;
        if self.held > 0 {
            let caught_up = self.held.min(gap);
            self.held = 0;
            if depth - caught_up >= self.delay.target() {
                self.cursor += caught_up;
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
            self.cursor += count;
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
            self.cursor += samples.len() as i64;
        }
    }

    /// Stretches: leaves out a piece when the delay is greater than it need be, inserts one when it should be greater or when the next
    /// packet threatens to come too late. False: this is no time for it, or no sound.
    fn stretch(&mut self, now: i64, frame: &mut [i16; FRAME]) -> bool {
        let depth = self.depth(now);
        let surplus = depth - self.delay.target();
        let ready = self.available();
        // Without a successor nobody knows whether the next packet is late or lost.
        let late = depth - ready;
        let overdue = late > 0 && self.delay.adapts() && self.buffer.exhausted(self.cursor + ready);
        if overdue && ready < 2 * FRAME_TIME && (ready < FRAME_TIME || self.delay.doubts(late, ready - FRAME_TIME + HALF)) {
            let least = (FRAME_TIME - ready).max(LEAST_THREATENED);
            return ready >= LEAST_READY && self.lengthen(least, self.delay.maximum() - depth, 0.0, frame);
        }
        if surplus >= TOO_GREAT && self.unchanged >= PAUSE && ready >= FRAME_TIME + SHORTEST as i64 {
            // What is left out now must not be missing in a moment.
            return !(overdue && self.delay.doubts(late, ready - FRAME_TIME)) && self.shorten(surplus, ready, frame);
        }
        let lacking = -surplus >= TOO_SMALL && self.unchanged >= PAUSE && ready >= FRAME_TIME;
        lacking && self.lengthen(SHORTEST as i64, -surplus, ALIKE, frame)
    }

    /// Plays a frame, leaving out a piece of what is ready.
    fn shorten(&mut self, surplus: i64, ready: i64, frame: &mut [i16; FRAME]) -> bool {
        let most = surplus.min(ready - FRAME_TIME).min(LONGEST as i64) as usize;
        let mut work = [0; FRAME + LONGEST];
        let count = self.peek(&mut work[..FRAME + most]);
        let mut lag = most;
        if !stretch::soft(&work[..count]) {
            let found = stretch::search(&work, 0, WINDOW, SHORTEST, most, Towards::Future);
            if found.degree < if surplus >= MUCH { HARDLY_ALIKE } else { ALIKE } {
                return false;
            }
            lag = found.lag;
        }
        stretch::blend(&work, 0, lag, lag, frame);
        self.skip(FRAME + lag);
        self.stretched += lag as u64;
        self.resume();
        self.concealment.good(frame);
        true
    }

    /// Plays a frame in which a piece is said twice.
    fn lengthen(&mut self, least: i64, most: i64, degree: f64, frame: &mut [i16; FRAME]) -> bool {
        let most = most.min(LONGEST as i64);
        if most < least {
            return false;
        }
        let mut work = [0; HISTORY + FRAME];
        work[..HISTORY].copy_from_slice(self.concealment.recall());
        let count = self.peek(&mut work[HISTORY..]);
        let mut lag = most as usize;
        if !stretch::soft(&work[HISTORY - WINDOW..HISTORY + count]) {
            let found = stretch::search(&work, HISTORY + count.min(80) - WINDOW, WINDOW, least as usize, most as usize, Towards::Past);
            if found.degree < degree {
                return false;
            }
            lag = found.lag;
        }
        stretch::blend(&work, HISTORY, HISTORY - lag, lag.min(count), frame);
        self.skip(FRAME - lag);
        self.stretched += lag as u64;
        self.resume();
        self.concealment.good(frame);
        true
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

    /// Samples from the cursor on without a gap, as far as two frames.
    fn available(&self) -> i64 {
        let mut end = self.cursor;
        let mut sequence = self.buffer.next;
        while end - self.cursor < 2 * FRAME_TIME {
            match self.buffer.get(sequence) {
                Some(slot) if slot.encoding.is_none() => {}
                Some(slot) if slot.timestamp <= end => end = end.max(slot.timestamp + slot.length()),
                _ => break,
            }
            sequence += 1;
        }
        (end - self.cursor).min(2 * FRAME_TIME)
    }

    /// Decodes what [`Self::available`] counts, without playing it. Returns how many samples that were.
    fn peek(&self, samples: &mut [i16]) -> usize {
        let mut at = 0;
        let mut sequence = self.buffer.next;
        while at < samples.len() {
            let Some(slot) = self.buffer.get(sequence) else { break };
            if let Some(encoding) = slot.encoding {
                let offset = self.cursor + at as i64 - slot.timestamp;
                if offset < 0 {
                    break;
                }
                if offset < slot.length() {
                    at += g711::decode(encoding, self.buffer.payload(sequence, offset as usize), &mut samples[at..]);
                }
            }
            sequence += 1;
        }
        at
    }

    /// What was peeked at has been played, so many samples of it.
    fn skip(&mut self, count: usize) {
        self.cursor += count as i64;
        while let Some(slot) = self.buffer.get(self.buffer.next) {
            // What has no audio is left for `seek`.
            if slot.encoding.is_none() || slot.timestamp + slot.length() > self.cursor {
                break;
            }
            self.buffer.release();
        }
    }

    /// Decodes from the packet at the cursor, as much as it has and fits.
    fn copy(&mut self, samples: &mut [i16]) -> usize {
        let sequence = self.buffer.next;
        let Some(slot) = self.buffer.get(sequence) else { return 0 };
        let Some(encoding) = slot.encoding else { return 0 };
        let offset = self.cursor - slot.timestamp;
        let count = g711::decode(encoding, self.buffer.payload(sequence, offset as usize), samples);
        self.cursor += count as i64;
        if self.cursor >= slot.timestamp + slot.length() {
            self.buffer.release();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
