//! What happened in a session's media, kept until somebody polls for it.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// How a digit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// As a telephone-event (RFC 4733).
    Rtp,
    /// As sound.
    Inband,
}

/// Something that happened in a session's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A digit began, by the codes of RFC 4733: 0–9, 10 `*`, 11 `#`, 12–15 A–D, 16 flash.
    DtmfStart {
        /// The event code.
        event: u8,
        /// How it came.
        source: EventSource,
    },
    /// It ended.
    DtmfEnd {
        /// The event code.
        event: u8,
        /// How long it lasted, in timestamp units.
        duration: u32,
        /// How it came.
        source: EventSource,
    },
    /// Our own telephone-event queue is done.
    DtmfSent,
    /// RTP now goes to where the far end's packets come from, not to where its SDP said.
    Latched {
        /// Where they come from.
        source: SocketAddr,
    },
    /// The far end's synchronization source is new.
    Source {
        /// What it is now.
        ssrc: u32,
    },
    /// The far end's source has left (RTCP BYE); what comes from it later is heard all the same.
    Bye {
        /// The source.
        ssrc: u32,
    },
    /// We should hear the far end, but have not for as long as the session's options allow.
    Timeout {
        /// Nothing has come since we began to listen.
        initial: bool,
    },
    /// After a timeout: the far end is heard again.
    Resumed,
}

/// Events that nobody polls for must not grow without bound: a far end could make them for ever. The newest are dropped.
const CAPACITY: usize = 256;

/// First in, first out.
#[derive(Debug)]
pub struct EventQueue {
    events: VecDeque<Event>,
}

impl EventQueue {
    /// An empty queue.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        // Room for all would be 9 KiB a call, and hardly any call ever has more than two at once.
        Self { events: VecDeque::new() }
    }

    /// Adds one, unless the queue is full.
    pub fn push(&mut self, event: Event) {
        if self.events.len() < CAPACITY {
            self.events.push_back(event);
        }
    }

    /// Takes the oldest.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_oldest_first_and_drops_what_nobody_polls() {
        let mut queue = EventQueue::new();
        for ssrc in 0..1_000 {
            queue.push(Event::Source { ssrc });
        }
        for ssrc in 0..256 {
            assert_eq!(queue.poll(), Some(Event::Source { ssrc }));
        }
        assert_eq!(queue.poll(), None);
    }
}
