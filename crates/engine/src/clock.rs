//! The monotonic clock, in microseconds since a moment that means nothing.

use std::time::SystemTime;

#[cfg(target_os = "linux")]
mod system {
    use libc::{CLOCK_MONOTONIC, EINTR, TIMER_ABSTIME, clock_gettime, clock_nanosleep, timespec};

    pub fn now() -> u64 {
        let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place for a timespec. CLOCK_MONOTONIC exists on every Linux, so the call cannot fail.
        unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
        time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
    }

    /// Absolute, so that the time between reading the clock and falling asleep adds nothing.
    pub fn sleep_until(deadline: u64) {
        let time = timespec { tv_sec: (deadline / 1_000_000) as _, tv_nsec: (deadline % 1_000_000 * 1_000) as _ };
        // SAFETY: `time` is a valid timespec that outlives the call; the last argument may be null for absolute times.
        while unsafe { clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, std::ptr::null_mut()) } == EINTR {}
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    static ZERO: OnceLock<Instant> = OnceLock::new();

    pub fn now() -> u64 {
        ZERO.get_or_init(Instant::now).elapsed().as_micros() as u64
    }

    /// std sleeps on a high-resolution waitable timer on Windows, and on nanosleep elsewhere.
    pub fn sleep_until(deadline: u64) {
        while let Some(left) = deadline.checked_sub(now()).filter(|left| *left > 0) {
            std::thread::sleep(Duration::from_micros(left));
        }
    }
}

pub use system::{now, sleep_until};

/// Unix time, in µs, at 0 of this clock, as the wall clock has it now.
pub fn epoch() -> u64 {
    unix().saturating_sub(now())
}

fn unix() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0))
}

/// Both clocks, read at once: what the kernel tells on the wall clock can then be said on ours, for many datagrams by one reading.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// This clock's, µs.
    pub now: u64,
    /// Unix time then, µs.
    #[cfg(any(test, target_os = "linux"))]
    wall: u64,
}

impl Reading {
    pub fn take() -> Self {
        Self {
            #[cfg(any(test, target_os = "linux"))]
            wall: unix(),
            now: now(),
        }
    }

    /// The moment that was `wall` on the wall clock, Unix time in µs. That clock may be set while we run; so the answer is kept between
    /// `earliest` and this reading, where it must lie.
    #[cfg(any(test, target_os = "linux"))]
    pub fn at(&self, wall: u64, earliest: u64) -> u64 {
        self.now.saturating_sub(self.wall.saturating_sub(wall)).max(earliest).min(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_wakes_before_the_deadline() {
        for ahead in [0, 1, 999, 3_000] {
            let deadline = now() + ahead;
            sleep_until(deadline);
            assert!(now() >= deadline);
        }
    }

    #[test]
    fn a_past_deadline_returns_at_once() {
        sleep_until(0);
    }

    #[test]
    fn wall_times_stay_between_the_last_look_and_now() {
        let reading = Reading { now: 1_000_000_000, wall: 77_000_000_000 };
        assert_eq!(reading.at(76_999_995_000, 0), 999_995_000);
        assert_eq!(reading.at(80_000_000_000, 0), reading.now, "the clock was set back");
        assert_eq!(reading.at(0, reading.now - 20_000), reading.now - 20_000, "the clock was set forward");
    }
}
