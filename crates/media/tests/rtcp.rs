//! RTCP packets, good and bad.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

mod common;

use common::{bytes, vectors};
use serde_json::{Value, json};
use sidetone_media::rtcp::{self, Compound};

/// Who we are in the vectors, and whose stream we hear.
const OURS: u32 = 0xcafe;
const THEIRS: u32 = 0x1234_5678;

#[test]
fn compound_packets_are_read_or_refused() {
    for vector in vectors("rtcp.json").as_array().unwrap() {
        let compound = rtcp::parse(&bytes(&vector["datagram"]), vector["reducedSize"].as_bool().unwrap(), OURS, THEIRS);
        assert_eq!(compound.map_or(Value::Null, |compound| shape(&compound)), vector["compound"], "{}", vector["name"]);
    }
}

fn shape(compound: &Compound) -> Value {
    json!({
        "sender": compound.sender,
        "info": compound.info.map(|info| json!({
            "ntpSeconds": info.ntp_seconds,
            "ntpFraction": info.ntp_fraction,
            "timestamp": info.timestamp,
            "packets": info.packets,
            "octets": info.octets,
        })),
        "report": compound.report.map(|report| json!({
            "ssrc": report.ssrc,
            "fractionLost": report.fraction_lost,
            "lost": report.lost,
            "highest": report.highest,
            "jitter": report.jitter,
            "lastReport": report.last_report,
            "delay": report.delay,
        })),
        "nameStart": compound.name_start,
        "nameEnd": compound.name_end,
        "bye": compound.bye,
        "metrics": compound.metrics.map(|metrics| json!({
            "ssrc": metrics.ssrc,
            "lossRate": metrics.loss_rate,
            "discardRate": metrics.discard_rate,
            "burstDensity": metrics.burst_density,
            "gapDensity": metrics.gap_density,
            "burstDuration": metrics.burst_duration,
            "gapDuration": metrics.gap_duration,
            "roundTripDelay": metrics.round_trip_delay,
            "endSystemDelay": metrics.end_system_delay,
            "rating": metrics.rating,
            "listeningQuality": metrics.listening_quality,
            "conversationalQuality": metrics.conversational_quality,
            "nominalDelay": metrics.nominal_delay,
            "maximumDelay": metrics.maximum_delay,
            "absoluteMaximumDelay": metrics.absolute_maximum_delay,
        })),
    })
}
