//! Reading the vectors of `test/vectors/media/`, which TypeScript reads too.
#![allow(dead_code, reason = "every test file uses its part of it")]
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::Value;
use sidetone_media::interval::USUAL_BANDWIDTH;
use sidetone_media::{Bandwidth, Direction, Encoding, StreamParameters};

pub fn vectors(name: &str) -> Value {
    let path = format!("{}/../../test/vectors/media/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap()).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn little_endian(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// CRC-32 as zlib has it, in hexadecimal.
pub fn crc32(bytes: &[u8]) -> String {
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    format!("{:08x}", !crc)
}

pub fn encoding(name: &Value) -> Encoding {
    match name.as_str() {
        Some("PCMU") => Encoding::Pcmu,
        Some("PCMA") => Encoding::Pcma,
        other => panic!("no encoding: {other:?}"),
    }
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

pub fn address(address: &Value, port: &Value) -> SocketAddr {
    SocketAddr::new(address.as_str().unwrap().parse().unwrap(), number(port) as u16)
}

/// `StreamParameters` of contract.ts.
pub fn parameters(value: &Value) -> StreamParameters {
    let types = value["receivePayloadTypes"].as_array().unwrap().iter().map(|payload_type| number(payload_type) as u8);
    let encodings = value["receiveEncodings"].as_array().unwrap().iter().map(encoding);
    let remote = address(&value["remoteAddress"], &value["remotePort"]);
    let rtcp_mux = value["rtcpMux"].as_bool().unwrap_or(false);
    let mut remote_rtcp = StreamParameters::usual_rtcp(remote, rtcp_mux);
    if let Some(port) = value["remoteRtcpPort"].as_u64() {
        remote_rtcp.set_port(port as u16);
    }
    if let Some(ip) = value["remoteRtcpAddress"].as_str() {
        remote_rtcp.set_ip(ip.parse().unwrap());
    }
    StreamParameters {
        direction: match value["direction"].as_str() {
            Some("sendrecv") => Direction::SendRecv,
            Some("sendonly") => Direction::SendOnly,
            Some("recvonly") => Direction::RecvOnly,
            _ => Direction::Inactive,
        },
        remote,
        send_payload_type: number(&value["sendPayloadType"]) as u8,
        send_encoding: encoding(&value["sendEncoding"]),
        send_event_payload_type: value["sendEventPayloadType"].as_u64().map(|payload_type| payload_type as u8),
        receive: types.zip(encodings).collect(),
        receive_event_payload_type: value["receiveEventPayloadType"].as_u64().map(|payload_type| payload_type as u8),
        send_noise_payload_type: value["sendNoisePayloadType"].as_u64().map(|payload_type| payload_type as u8),
        receive_noise_payload_type: value["receiveNoisePayloadType"].as_u64().map(|payload_type| payload_type as u8),
        ptime: value["ptime"].as_u64().unwrap_or(20) as u32,
        remote_rtcp,
        rtcp_mux,
        rtcp_reduced_size: value["rtcpReducedSize"].as_bool().unwrap_or(false),
        rtcp_bandwidth: Bandwidth {
            senders: value["rtcpSenderBandwidth"].as_u64().map_or(USUAL_BANDWIDTH.senders, |bandwidth| bandwidth as u32),
            receivers: value["rtcpReceiverBandwidth"].as_u64().map_or(USUAL_BANDWIDTH.receivers, |bandwidth| bandwidth as u32),
        },
        voip_metrics: value["voipMetrics"].as_bool(),
    }
}

/// What `parameters()` of test/media/farEnd.ts gives: PCMU and PCMA both ways, telephone-event 101.
pub fn usual_parameters() -> StreamParameters {
    StreamParameters {
        send_event_payload_type: Some(101),
        receive: vec![(0, Encoding::Pcmu), (8, Encoding::Pcma)],
        receive_event_payload_type: Some(101),
        ..StreamParameters::plain(remote())
    }
}

pub fn remote() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4_000))
}
