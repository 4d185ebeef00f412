//! Whether a frame is played faster or slower than it was spoken, so that the playout delay becomes what [`crate::delay`] wants, or the
//! next packet still comes in time.

use crate::concealment::{Concealment, HISTORY};
use crate::cursor::Cursor;
use crate::delay::DelayEstimator;
use crate::stretch::{self, LONGEST, SHORTEST, Towards, WINDOW};
use crate::{FRAME, FRAME_TIME};

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

/// When the delay was last changed, and by how much in all.
#[derive(Debug)]
pub struct Tempo {
    /// Frames since the delay was last changed.
    unchanged: u32,
    /// Samples left out or inserted.
    pub stretched: u64,
}

impl Tempo {
    /// Nothing was changed yet.
    pub fn new() -> Self {
        Self { unchanged: 0, stretched: 0 }
    }

    /// Playing begins: the delay has just been chosen.
    pub fn reset(&mut self) {
        self.unchanged = 0;
    }

    /// Another frame is due.
    #[inline]
    pub fn tick(&mut self) {
        self.unchanged = (self.unchanged + 1).min(PAUSE);
    }

    /// Stretches: leaves out a piece when the delay is greater than it need be, inserts one when it should be greater or when the next
    /// packet threatens to come too late. False: this is no time for it, or no sound.
    // A frame in a thousand is stretched, but every one asks: 0.6 % of a call's instructions.
    #[inline]
    pub fn stretch(
        &mut self,
        depth: i64,
        cursor: &mut Cursor,
        delay: &DelayEstimator,
        concealment: &Concealment,
        frame: &mut [i16; FRAME],
    ) -> bool {
        let surplus = depth - delay.target();
        let ready = cursor.available();
        // Without a successor nobody knows whether the next packet is late or lost.
        let late = depth - ready;
        let overdue = late > 0 && delay.adapts() && cursor.buffer.exhausted(cursor.at + ready);
        if overdue && ready < 2 * FRAME_TIME && (ready < FRAME_TIME || delay.doubts(late, ready - FRAME_TIME + HALF)) {
            let least = (FRAME_TIME - ready).max(LEAST_THREATENED);
            return ready >= LEAST_READY && self.lengthen(cursor, concealment, least, delay.maximum() - depth, 0.0, frame);
        }
        if surplus >= TOO_GREAT && self.unchanged >= PAUSE && ready >= FRAME_TIME + SHORTEST as i64 {
            // What is left out now must not be missing in a moment.
            return !(overdue && delay.doubts(late, ready - FRAME_TIME)) && self.shorten(cursor, surplus, ready, frame);
        }
        let lacking = -surplus >= TOO_SMALL && self.unchanged >= PAUSE && ready >= FRAME_TIME;
        lacking && self.lengthen(cursor, concealment, SHORTEST as i64, -surplus, ALIKE, frame)
    }

    /// Plays a frame, leaving out a piece of what is ready.
    fn shorten(&mut self, cursor: &mut Cursor, surplus: i64, ready: i64, frame: &mut [i16; FRAME]) -> bool {
        let most = surplus.min(ready - FRAME_TIME).min(LONGEST as i64) as usize;
        let mut work = [0; FRAME + LONGEST];
        let count = cursor.peek(&mut work[..FRAME + most]);
        let mut lag = most;
        if !stretch::soft(&work[..count]) {
            let found = stretch::search(&work, 0, WINDOW, SHORTEST, most, Towards::Future);
            if found.degree < if surplus >= MUCH { HARDLY_ALIKE } else { ALIKE } {
                return false;
            }
            lag = found.lag;
        }
        stretch::blend(&work, 0, lag, lag, frame);
        cursor.skip(FRAME + lag);
        self.stretched += lag as u64;
        true
    }

    /// Plays a frame in which a piece is said twice.
    fn lengthen(
        &mut self,
        cursor: &mut Cursor,
        concealment: &Concealment,
        least: i64,
        most: i64,
        degree: f64,
        frame: &mut [i16; FRAME],
    ) -> bool {
        let most = most.min(LONGEST as i64);
        if most < least {
            return false;
        }
        let mut work = [0; HISTORY + FRAME];
        work[..HISTORY].copy_from_slice(&concealment.recall());
        let count = cursor.peek(&mut work[HISTORY..]);
        let mut lag = most as usize;
        if !stretch::soft(&work[HISTORY - WINDOW..HISTORY + count]) {
            let found = stretch::search(&work, HISTORY + count.min(80) - WINDOW, WINDOW, least as usize, most as usize, Towards::Past);
            if found.degree < degree {
                return false;
            }
            lag = found.lag;
        }
        stretch::blend(&work, HISTORY, HISTORY - lag, lag.min(count), frame);
        cursor.skip(FRAME - lag);
        self.stretched += lag as u64;
        true
    }
}

impl Default for Tempo {
    fn default() -> Self {
        Self::new()
    }
}
