//! How a call sounds on our side: what was lost and late, rated by the E-model, and told to the far end (RFC 3611 §4.7).

use crate::PER_MILLISECOND;
use crate::control::Control;
use crate::emodel;
use crate::inbound::Inbound;
use crate::loss;
use crate::metrics::VoipMetrics;

/// Milliseconds.
pub fn round_trip(control: &Control) -> f64 {
    f64::from(control.round_trip) * 1_000.0 / 65_536.0
}

/// The E-model's rating of what we hear, and the same without regard to delay.
pub fn ratings(inbound: &Inbound, control: &Control) -> (f64, f64) {
    let delay = round_trip(control) / 2.0 + f64::from(inbound.playout.delay() / PER_MILLISECOND);
    let (lost, late) = shares(inbound);
    let bursts = inbound.reception.pattern.burst_ratio(lost);
    let loss = (lost + late).min(1.0) * 100.0;
    (emodel::rating(delay, loss, bursts), emodel::rating(0.0, loss, bursts))
}

/// What we hear, for the far end to know. `packet_time`: how long its packets are, ms.
pub fn metrics(inbound: &Inbound, control: &Control, packet_time: u32) -> VoipMetrics {
    let (lost, late) = shares(inbound);
    let (rating, listening) = ratings(inbound, control);
    let bursts = inbound.reception.pattern.bursts(f64::from(packet_time));
    let delay = inbound.playout.delay() / PER_MILLISECOND;
    VoipMetrics {
        ssrc: inbound.reception.ssrc,
        loss_rate: loss::octet(lost * 256.0),
        discard_rate: loss::octet(late * 256.0),
        burst_density: bursts.burst_density,
        gap_density: bursts.gap_density,
        burst_duration: bursts.burst_duration,
        gap_duration: bursts.gap_duration,
        round_trip_delay: round_trip(control).min(65_535.0) as u16,
        end_system_delay: delay.min(65_535) as u16,
        rating: rating as u8,
        listening_quality: (emodel::opinion(listening) * 10.0) as u8,
        conversational_quality: (emodel::opinion(rating) * 10.0) as u8,
        nominal_delay: delay.min(65_535) as u16,
        maximum_delay: inbound.greatest_delay.min(65_535) as u16,
        absolute_maximum_delay: inbound.maximum_delay.min(65_535) as u16,
    }
}

/// Of the packets expected, the share that was lost and the share that came too late, 0–1.
fn shares(inbound: &Inbound) -> (f64, f64) {
    let expected = inbound.reception.expected();
    if expected <= 0 {
        return (0.0, 0.0);
    }
    let share = |count: f64| (count / expected as f64).clamp(0.0, 1.0);
    (share(inbound.reception.lost() as f64), share(inbound.playout.late() as f64))
}
