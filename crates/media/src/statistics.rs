//! A session's counters.

use crate::PER_MILLISECOND;
use crate::collision::Conflicts;
use crate::control::Control;
use crate::inbound::Inbound;
use crate::outbound::Outbound;
use crate::{emodel, quality};

/// A session's counters, which only grow, and from `jitter` on its present state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// RTP packets sent, events included.
    pub packets_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Frames that went out as silence because nothing was queued.
    pub frames_silent: u64,
    /// Frames that were never sent because the sender was stalled past their deadline.
    pub frames_skipped: u64,
    /// Packets that were not sent because they held nothing but silence (comfort noise).
    pub packets_suppressed: u64,
    /// RTP packets accepted, events and duplicates included.
    pub packets_received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
    /// Datagrams refused: not RTP, a payload type that was not negotiated, a source that is not the far end.
    pub packets_rejected: u64,
    /// RFC 3550 A.3 cumulative loss: expected less received; duplicates make it negative.
    pub packets_lost: i64,
    /// Arrived after their moment of playout.
    pub packets_late: u64,
    /// Arrived again.
    pub packets_duplicate: u64,
    /// Came back with our own SSRC: a loop, or an echo test.
    pub packets_looped: u64,
    /// Samples played.
    pub samples_played: u64,
    /// Of those, how many were made up because a packet was missing.
    pub samples_concealed: u64,
    /// Samples left out or inserted by time-stretching, to change the playout delay.
    pub samples_stretched: u64,
    /// Samples that nobody read before the read buffer was full.
    pub samples_overrun: u64,
    /// RTCP packets, compound ones as one.
    pub rtcp_packets_sent: u64,
    /// See `rtcp_packets_sent`.
    pub rtcp_packets_received: u64,
    /// RFC 3550 A.8 interarrival jitter, in timestamp units.
    pub jitter: u32,
    /// Playout delay that the jitter buffer aims for now, ms.
    pub playout_delay: u32,
    /// RTP timestamp of the sample to be played next.
    pub playout_timestamp: u32,
    /// Samples waiting to be read.
    pub samples_readable: u32,
    /// Samples waiting to be sent.
    pub samples_queued: u32,
    /// Round trip by RTCP, ms; 0 until measured.
    pub rtt: f64,
    /// Our stream as the far end last reported it: share lost since its report before, 0–1, packets lost in all, and jitter in
    /// timestamp units.
    pub remote_loss: f64,
    /// See `remote_loss`.
    pub remote_packets_lost: i32,
    /// See `remote_loss`.
    pub remote_jitter: u32,
    /// The E-model's R factor (0–100) and mean opinion score (1–4.5) of what we hear.
    pub r_factor: f64,
    /// See `r_factor`.
    pub mos: f64,
    /// The R factor of what the far end hears, as it reports it (RFC 3611); 0: it does not.
    pub remote_r_factor: u32,
}

impl Statistics {
    /// What the parts of a session have counted so far.
    pub fn of(inbound: &Inbound, outbound: &Outbound, control: &Control, conflicts: &Conflicts) -> Self {
        let (r_factor, _) = quality::ratings(inbound, control);
        Self {
            packets_sent: outbound.packets_sent,
            bytes_sent: outbound.bytes_sent,
            frames_silent: outbound.frames_silent,
            frames_skipped: outbound.frames_skipped,
            packets_suppressed: outbound.packets_suppressed,
            packets_received: inbound.packets_received,
            bytes_received: inbound.bytes_received,
            packets_rejected: inbound.packets_rejected + inbound.latch.refused,
            packets_lost: inbound.reception.lost(),
            packets_late: inbound.playout.late(),
            packets_duplicate: inbound.packets_duplicate,
            packets_looped: conflicts.looped,
            samples_played: inbound.playout.played,
            samples_concealed: inbound.playout.concealed,
            samples_stretched: inbound.playout.tempo.stretched,
            samples_overrun: inbound.samples_overrun,
            rtcp_packets_sent: control.packets_sent,
            rtcp_packets_received: control.packets_received,
            jitter: inbound.reception.jitter(),
            playout_delay: inbound.playout.delay() / PER_MILLISECOND,
            playout_timestamp: inbound.playout.position(),
            samples_readable: inbound.incoming.length() as u32,
            samples_queued: outbound.outgoing.length() as u32,
            rtt: quality::round_trip(control),
            remote_loss: f64::from(control.remote_fraction) / 256.0,
            remote_packets_lost: control.remote_lost,
            remote_jitter: control.remote_jitter,
            r_factor,
            mos: emodel::opinion(r_factor),
            remote_r_factor: u32::from(control.remote_rating),
        }
    }
}
