//! Sockets and clock around the media core: one thread drives every session of an engine, or several share them.
//!
//! ```text
//!              JavaScript                          the media thread, 5 ms a slot
//!   write, read, sendEvents ──► state ◄── receive · tick · poll   every session once in 20 ms, 16 in a round
//!          (Mutex<Session>)       │                   │  recvmsg         │ sendto
//!   drain ◄── pending ◄───────────┘ events, thresholds          socket
//!      ▲                                              │
//!      └────────────── wake, once a pass ─────────────┘
//! ```
//!
//! The thread sleeps to absolute deadlines: it does not drift, and what JavaScript does cannot hold it up. When it is late by a
//! frame or more (a stopped machine), it skips the frames that were missed instead of sending them in a burst.

mod clock;
mod engine;
mod group;
mod inbox;
mod pace;
mod peer;
mod ports;
mod priority;
mod round;
mod session;
mod simd;
mod socket;
mod wheel;

pub use engine::{Engine, EngineOptions};
pub use group::MediaGroup;
pub use ports::{OpenError, PortRange};
pub use priority::Priority;
pub use session::{MediaSession, Signals};
pub use simd::{Level, accelerate, levels};
