//! The audio of many sessions, moved in one go: a thousand calls from JavaScript and back would else be thousands of calls.

use crate::session::MediaSession;
use std::sync::Arc;

/// Sessions in a fixed order. Sample arrays have one row for each, all of the same length.
pub struct MediaGroup {
    sessions: Vec<Arc<MediaSession>>,
}

impl MediaGroup {
    /// Rows are in the order of `sessions`.
    pub fn new(sessions: Vec<Arc<MediaSession>>) -> Self {
        Self { sessions }
    }

    /// Moves received samples of each session into its row. `counts` tells for each how many there were.
    pub fn read(&self, samples: &mut [i16], counts: &mut [u32]) {
        let length = samples.len() / self.sessions.len().max(1);
        for ((session, row), count) in self.sessions.iter().zip(samples.chunks_exact_mut(length.max(1))).zip(counts) {
            *count = session.read(row) as u32;
        }
    }

    /// Queues as many samples of each row as `counts` says for sending. Then `counts` tells how many were taken.
    pub fn write(&self, samples: &[i16], counts: &mut [u32]) {
        let length = samples.len() / self.sessions.len().max(1);
        for ((session, row), count) in self.sessions.iter().zip(samples.chunks_exact(length.max(1))).zip(counts) {
            *count = session.write(&row[..row.len().min(*count as usize)]) as u32;
        }
    }
}
