//! What the payload type numbers of a call stand for, and which datagrams could be the far end's by them.

use crate::dtmf;
use crate::g711::Encoding;
use crate::jitter::MAX_PAYLOAD;
use crate::latch::MAX_DATAGRAM;
use crate::parameters::StreamParameters;
use crate::rtp::{self, Header};

/// Comfort noise at 8,000 Hz (RFC 3389 §5).
pub const NOISE_PAYLOAD_TYPE: u8 = 13;

/// What a payload type number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Nothing that was agreed.
    Unknown,
    /// Audio, coded so.
    Audio(Encoding),
    /// A telephone-event (RFC 4733).
    Event,
    /// Comfort noise (RFC 3389).
    Noise,
}

/// The payload types that the far end may send.
#[derive(Debug)]
pub struct Payloads {
    kinds: [Payload; 128],
}

impl Payloads {
    /// None is known yet.
    pub fn new() -> Self {
        Self { kinds: [Payload::Unknown; 128] }
    }

    /// Takes over what was agreed, in place of what was before.
    pub fn configure(&mut self, parameters: &StreamParameters) {
        self.kinds = [Payload::Unknown; 128];
        // Static (RFC 3551): it comes from far ends that never offered it.
        self.kinds[usize::from(NOISE_PAYLOAD_TYPE)] = Payload::Noise;
        if let Some(payload_type) = parameters.receive_noise_payload_type {
            self.kinds[usize::from(payload_type & 0x7f)] = Payload::Noise;
        }
        for &(payload_type, encoding) in &parameters.receive {
            self.kinds[usize::from(payload_type & 0x7f)] = Payload::Audio(encoding);
        }
        if let Some(payload_type) = parameters.receive_event_payload_type {
            self.kinds[usize::from(payload_type & 0x7f)] = Payload::Event;
        }
    }

    /// What a header's payload type stands for.
    pub fn of(&self, header: &Header) -> Payload {
        self.kinds[usize::from(header.payload_type)]
    }

    /// The header of a datagram that could be the far end's by what it says.
    pub fn admit(&self, datagram: &[u8]) -> Option<Header> {
        if datagram.len() > MAX_DATAGRAM {
            return None;
        }
        let header = rtp::parse(datagram)?;
        let length = header.payload_end - header.payload_start;
        let known = match self.of(&header) {
            Payload::Unknown => false,
            Payload::Audio(_) => length <= MAX_PAYLOAD,
            Payload::Noise => (1..=MAX_PAYLOAD).contains(&length),
            Payload::Event => length >= dtmf::PAYLOAD_LENGTH,
        };
        known.then_some(header)
    }
}

impl Default for Payloads {
    fn default() -> Self {
        Self::new()
    }
}
