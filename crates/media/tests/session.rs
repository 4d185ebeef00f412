//! Sessions that the TypeScript core played, step by step.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

mod common;

use common::{address, bytes, crc32, hex, little_endian, number, parameters, vectors};
use serde_json::{Value, json};
use sidetone_media::{Event, EventSource, Session, SessionOptions};

#[test]
fn recorded_sessions_play_again_as_they_were_recorded() {
    for vector in vectors("session.json").as_array().unwrap() {
        let mut session = Session::new(options(&vector["options"]));
        for (index, step) in vector["steps"].as_array().unwrap().iter().enumerate() {
            let place = format!("{}, step {index}", vector["name"]);
            let out = perform(&mut session, step);
            assert_eq!(out.as_deref(), step["out"].as_str(), "{place}");
            let events: Vec<String> = std::iter::from_fn(|| session.poll()).map(text).collect();
            let expected: Vec<&str> = step["events"].as_array().into_iter().flatten().map(|event| event.as_str().unwrap()).collect();
            assert_eq!(events, expected, "{place}");
        }
        assert_eq!(statistics(&session), vector["statistics"], "{}", vector["name"]);
    }
}

fn options(value: &Value) -> SessionOptions {
    let usual = SessionOptions::default();
    let or = |name: &str, other: u64| value[name].as_u64().unwrap_or(other);
    SessionOptions {
        ssrc: number(&value["ssrc"]) as u32,
        sequence: number(&value["sequence"]) as u16,
        timestamp: number(&value["timestamp"]) as u32,
        write_capacity: or("writeCapacity", usual.write_capacity as u64) as usize,
        read_capacity: or("readCapacity", usual.read_capacity as u64) as usize,
        minimum_delay: or("minimumDelay", usual.minimum_delay.into()) as u32,
        maximum_delay: or("maximumDelay", usual.maximum_delay.into()) as u32,
        cname: value["cname"].as_str().unwrap_or("").to_owned(),
        seed: or("seed", 0) as u32,
        epoch: or("epoch", 0),
        voip_metrics: value["voipMetrics"].as_bool().unwrap_or(false),
        tone_detection: value["toneDetection"].as_bool().unwrap_or(false),
        symmetric_rtp: value["symmetricRtp"].as_bool().unwrap_or(true),
        initial_timeout: or("initialTimeout", usual.initial_timeout.into()) as u32,
        timeout: or("timeout", usual.timeout.into()) as u32,
    }
}

/// Does one step; see `Line` in test/media/session-vectors.test.ts.
fn perform(session: &mut Session, step: &Value) -> Option<String> {
    let call = |name: &str| step.get(name);
    if let Some(value) = call("configure") {
        session.configure(parameters(value));
        return Some(session.destination().unwrap().to_string());
    }
    if let Some(value) = call("receive") {
        session.receive(number(&value[0]), address(&value[1], &value[2]), &bytes(&value[3]));
        return None;
    }
    if let Some(value) = call("receiveRtcp") {
        session.receive_rtcp(number(&value[0]), address(&value[1], &value[2]), &bytes(&value[3]));
        return None;
    }
    if let Some(value) = call("tick") {
        let mut packet = [0; 1_500];
        let mut length = session.tick(number(&value[0]), number(&value[1]) as u32, &mut packet);
        let mut out = Vec::new();
        loop {
            out.push(format!("{} {length} {}", hex(&packet[..length.min(12)]), crc32(&packet[..length])));
            length = session.more(&mut packet);
            if length == 0 {
                break;
            }
        }
        let report = session.tick_rtcp(number(&value[0]), &mut packet);
        if report > 0 {
            out.push(hex(&packet[..report]));
        }
        return Some(out.join(" "));
    }
    if let Some(value) = call("bye") {
        let mut packet = [0; 1_500];
        let length = session.bye(number(value), &mut packet);
        return Some(hex(&packet[..length]));
    }
    if let Some(value) = call("write") {
        let samples: Vec<i16> = bytes(value).chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        return Some(session.write(&samples).to_string());
    }
    if let Some(value) = call("read") {
        let mut samples = vec![0; number(value) as usize];
        let count = session.read(&mut samples);
        return Some(format!("{count} {}", crc32(&little_endian(&samples[..count]))));
    }
    if call("clear").is_some() {
        return Some(session.clear().to_string());
    }
    let value = call("sendEvents").unwrap();
    let events: Vec<u8> = value[0].as_array().unwrap().iter().map(|event| number(event) as u8).collect();
    Some(session.send_events(&events, number(&value[1]) as u32, number(&value[2]) as u32).to_string())
}

fn text(event: Event) -> String {
    match event {
        Event::DtmfStart { event, source } => format!("dtmf-start {event} {}", way(source)),
        Event::DtmfEnd { event, duration, source } => format!("dtmf-end {event} {duration} {}", way(source)),
        Event::DtmfSent => "dtmf-sent".to_owned(),
        Event::Latched { source } => format!("latched {} {}", source.ip(), source.port()),
        Event::Source { ssrc } => format!("source {ssrc}"),
        Event::Bye { ssrc } => format!("bye {ssrc}"),
        Event::Timeout { initial } => format!("timeout {initial}"),
        Event::Resumed => "resumed".to_owned(),
    }
}

fn way(source: EventSource) -> &'static str {
    match source {
        EventSource::Rtp => "rtp",
        EventSource::Inband => "inband",
    }
}

/// JSON has one kind of number: 0.0 and 0 are equal there, but not here.
fn plain(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn statistics(session: &Session) -> Value {
    let statistics = session.statistics();
    json!({
        "packetsSent": statistics.packets_sent,
        "bytesSent": statistics.bytes_sent,
        "framesSilent": statistics.frames_silent,
        "framesSkipped": statistics.frames_skipped,
        "packetsSuppressed": statistics.packets_suppressed,
        "packetsReceived": statistics.packets_received,
        "bytesReceived": statistics.bytes_received,
        "packetsRejected": statistics.packets_rejected,
        "packetsLost": statistics.packets_lost,
        "packetsLate": statistics.packets_late,
        "packetsDuplicate": statistics.packets_duplicate,
        "packetsLooped": statistics.packets_looped,
        "samplesPlayed": statistics.samples_played,
        "samplesConcealed": statistics.samples_concealed,
        "samplesStretched": statistics.samples_stretched,
        "samplesOverrun": statistics.samples_overrun,
        "rtcpPacketsSent": statistics.rtcp_packets_sent,
        "rtcpPacketsReceived": statistics.rtcp_packets_received,
        "jitter": statistics.jitter,
        "playoutDelay": statistics.playout_delay,
        "playoutTimestamp": statistics.playout_timestamp,
        "samplesReadable": statistics.samples_readable,
        "samplesQueued": statistics.samples_queued,
        "rtt": plain(statistics.rtt),
        "remoteLoss": plain(statistics.remote_loss),
        "remotePacketsLost": statistics.remote_packets_lost,
        "remoteJitter": statistics.remote_jitter,
        "rFactor": plain(statistics.r_factor),
        "mos": plain(statistics.mos),
        "remoteRFactor": statistics.remote_r_factor,
    })
}
