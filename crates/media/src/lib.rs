//! One call's media as a sans-I/O machine: datagrams and times go in; datagrams, samples and events come out. Nothing here opens
//! a socket, asks a clock or, after construction, allocates for a packet.
//!
//! The TypeScript engine in `ts/media/typescript/` is the twin of this crate: one file for each module, the same names, the same
//! fields in the same order, the same integer arithmetic. `test/vectors/media/` and `test/media/engines-agree.test.ts` hold the
//! two together. Whoever changes one changes both.
//!
//! How a packet flows in: [`session`] → [`inbound`] → [`payloads`] ([`rtp`]) → [`latch`] (whose packets count) → [`presence`] →
//! [`reception`] (RFC 3550 bookkeeping) → [`dtmf`] or [`playout`] ([`timeline`], [`jitter`] and [`cursor`], [`delay`], [`tempo`] and
//! [`stretch`], [`concealment`], [`noise`]) → [`ring`] → `Session::read`; [`tones`] hears digits that come as sound.
//! And out: `Session::write` → [`ring`] → [`outbound`] → [`g711`] or [`dtmf`] or, where silence is not sent, [`suppression`]
//! ([`voice`]) → [`rtp`].
//! RTCP: [`session`] → [`control`] ([`interval`], [`rtcp`], [`metrics`]); [`collision`] when the far end has our SSRC. [`quality`], by [`loss`] and
//! [`emodel`], says how the call sounds.
#![forbid(unsafe_code)]

pub mod bytes;
pub mod collision;
pub mod concealment;
pub mod control;
pub mod cursor;
pub mod delay;
pub mod dtmf;
pub mod emodel;
pub mod event;
pub mod g711;
pub mod inbound;
pub mod interval;
pub mod jitter;
pub mod latch;
pub mod loss;
pub mod metrics;
pub mod noise;
pub mod outbound;
pub mod parameters;
pub mod payloads;
pub mod playout;
pub mod presence;
pub mod quality;
pub mod reception;
pub mod ring;
pub mod rtcp;
pub mod rtp;
pub mod session;
pub mod statistics;
pub mod stretch;
pub mod suppression;
pub mod tempo;
pub mod timeline;
pub mod tones;
pub mod voice;

pub use event::{Event, EventSource};
pub use g711::Encoding;
pub use interval::Bandwidth;
pub use parameters::{Direction, SessionOptions, StreamParameters};
pub use session::Session;
pub use statistics::Statistics;

/// Samples in one frame: 20 ms at 8,000 Hz.
pub const FRAME: usize = 160;

/// The same, for arithmetic with times.
pub const FRAME_TIME: i64 = FRAME as i64;

/// RTP timestamp units, which are samples, in a millisecond.
pub const PER_MILLISECOND: u32 = 8;

/// Microseconds in a timestamp unit.
pub const UNIT: u64 = 1_000 / PER_MILLISECOND as u64;
