//! The monotonic clock, in microseconds since a moment that means nothing.

#[cfg(any(test, target_os = "linux"))]
use std::time::Duration;
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
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0));
    unix.saturating_sub(now())
}

/// The monotonic time of a moment that the kernel gave on the wall clock, when now is `now`. The wall clock may be set while we
/// run; so the answer is kept between `earliest` and `now`, where it must lie.
#[cfg(any(test, target_os = "linux"))]
pub fn from_wall(wall: Duration, now: u64, earliest: u64) -> u64 {
    let age =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + wall).map_or(0, |age| u64::try_from(age.as_micros()).unwrap_or(u64::MAX));
    now.saturating_sub(age).max(earliest).min(now)
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
        let now = 1_000_000_000;
        let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let arrival = from_wall(today - Duration::from_millis(5), now, 0);
        assert!((now - 1_000_000..=now - 5_000).contains(&arrival), "{arrival}");
        assert_eq!(from_wall(today + Duration::from_secs(3_600), now, 0), now, "the clock was set back");
        assert_eq!(from_wall(Duration::ZERO, now, now - 20_000), now - 20_000, "the clock was set forward");
    }
}
