//! The VoIP metrics block of RTCP's extended reports (RFC 3611 §4.7), read and written.

use crate::bytes::{read_u16, read_u32, write_u16, write_u32};
use crate::loss::GMIN;

/// The VoIP metrics of RFC 3611 §4.7, in its units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The source that they are about.
    pub ssrc: u32,
    /// Packets lost on the way, and dropped for being late, in 1/256.
    pub loss_rate: u8,
    /// See `loss_rate`.
    pub discard_rate: u8,
    /// Share of loss within bursts and in between, in 1/256; mean lengths, ms.
    pub burst_density: u8,
    /// See `burst_density`.
    pub gap_density: u8,
    /// See `burst_density`.
    pub burst_duration: u16,
    /// See `burst_density`.
    pub gap_duration: u16,
    /// ms.
    pub round_trip_delay: u16,
    /// ms, from the network to the ear.
    pub end_system_delay: u16,
    /// R factor 0–100; 127: not known.
    pub rating: u8,
    /// Mean opinion scores times ten, for listening and for conversation; 127: not known.
    pub listening_quality: u8,
    /// See `listening_quality`.
    pub conversational_quality: u8,
    /// Playout delay now, at its greatest and at most, ms.
    pub nominal_delay: u16,
    /// See `nominal_delay`.
    pub maximum_delay: u16,
    /// See `nominal_delay`.
    pub absolute_maximum_delay: u16,
}

/// The block's type and its length in words, less one.
const VOIP_METRICS: u8 = 7;
const METRICS_WORDS: u16 = 8;
/// Bytes of it.
const LENGTH: usize = 36;
/// §4.7.5 and §4.7.7: no such measurement; enhanced concealment with an adaptive jitter buffer of unstated rate.
const UNKNOWN: u8 = 127;
const CONFIGURATION: u8 = 0b1011_0000;

/// The last metrics about the stream `ours` among the blocks that begin at `first` and fill `report`. A block that is cut short ends it.
pub fn read(report: &[u8], first: usize, ours: u32) -> Option<VoipMetrics> {
    let mut metrics = None;
    let mut at = first;
    while at + 4 <= report.len() {
        let end = at + 4 + 4 * usize::from(read_u16(report, at + 2));
        if end > report.len() {
            break;
        }
        if report[at] == VOIP_METRICS && end - at == LENGTH && read_u32(report, at + 4) == ours {
            metrics = Some(VoipMetrics {
                ssrc: ours,
                loss_rate: report[at + 8],
                discard_rate: report[at + 9],
                burst_density: report[at + 10],
                gap_density: report[at + 11],
                burst_duration: read_u16(report, at + 12),
                gap_duration: read_u16(report, at + 14),
                round_trip_delay: read_u16(report, at + 16),
                end_system_delay: read_u16(report, at + 18),
                rating: report[at + 24],
                listening_quality: report[at + 26],
                conversational_quality: report[at + 27],
                nominal_delay: read_u16(report, at + 30),
                maximum_delay: read_u16(report, at + 32),
                absolute_maximum_delay: read_u16(report, at + 34),
            });
        }
        at = end;
    }
    metrics
}

/// Writes the block from `at` on. Returns where it ends.
pub fn write(packet: &mut [u8], at: usize, metrics: &VoipMetrics) -> usize {
    packet[at] = VOIP_METRICS;
    packet[at + 1] = 0;
    write_u16(packet, at + 2, METRICS_WORDS);
    write_u32(packet, at + 4, metrics.ssrc);
    packet[at + 8] = metrics.loss_rate;
    packet[at + 9] = metrics.discard_rate;
    packet[at + 10] = metrics.burst_density;
    packet[at + 11] = metrics.gap_density;
    write_u16(packet, at + 12, metrics.burst_duration);
    write_u16(packet, at + 14, metrics.gap_duration);
    write_u16(packet, at + 16, metrics.round_trip_delay);
    write_u16(packet, at + 18, metrics.end_system_delay);
    // Signal level, noise level, residual echo return loss.
    packet[at + 20..at + 23].fill(UNKNOWN);
    packet[at + 23] = GMIN as u8;
    packet[at + 24] = metrics.rating;
    packet[at + 25] = UNKNOWN;
    packet[at + 26] = metrics.listening_quality;
    packet[at + 27] = metrics.conversational_quality;
    packet[at + 28] = CONFIGURATION;
    packet[at + 29] = 0;
    write_u16(packet, at + 30, metrics.nominal_delay);
    write_u16(packet, at + 32, metrics.maximum_delay);
    write_u16(packet, at + 34, metrics.absolute_maximum_delay);
    at + LENGTH
}
