//! What a session is told from outside: its random start values, and what an offer/answer exchange settled.

use std::net::SocketAddr;

use crate::g711::Encoding;

/// Which way media flows, seen from this side (RFC 4566 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send, the far end only listens.
    SendOnly,
    /// We listen.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether this side sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether this side listens.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// The values that RFC 3550 §5.1 wants random, and the bounds of the buffers.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Our synchronization source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First RTP timestamp.
    pub timestamp: u32,
    /// Samples that `write` may queue ahead; rounded up to a power of two.
    pub write_capacity: usize,
    /// Samples that wait for `read` before the oldest are dropped; rounded up to a power of two.
    pub read_capacity: usize,
    /// Least playout delay, ms.
    pub minimum_delay: u32,
    /// Greatest playout delay, ms.
    pub maximum_delay: u32,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { ssrc: 0, sequence: 0, timestamp: 0, write_capacity: 65_536, read_capacity: 65_536, minimum_delay: 20, maximum_delay: 200 }
    }
}

/// What one offer/answer exchange settled for a stream.
#[derive(Clone, Debug)]
pub struct StreamParameters {
    /// Ours: `SendOnly` means that we send and the far end only listens.
    pub direction: Direction,
    /// Where the far end wants its RTP, from its SDP.
    pub remote: SocketAddr,
    /// The far end's payload type number for `send_encoding`.
    pub send_payload_type: u8,
    /// What we send.
    pub send_encoding: Encoding,
    /// The far end's payload type for telephone-event (RFC 4733), if it takes any.
    pub send_event_payload_type: Option<u8>,
    /// What we accept: our payload type numbers and what they stand for. Packets of any other type are counted and dropped.
    pub receive: Vec<(u8, Encoding)>,
    /// Our payload type for telephone-event.
    pub receive_event_payload_type: Option<u8>,
}
