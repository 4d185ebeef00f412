//! RTP headers, good and bad.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

mod common;

use common::{bytes, number, vectors};
use sidetone_media::rtp::{self, Header};

#[test]
fn headers_are_read_or_refused() {
    for vector in vectors("rtp.json").as_array().unwrap() {
        let header = &vector["header"];
        let expected = header.is_object().then(|| Header {
            marker: header["marker"].as_bool().unwrap(),
            payload_type: number(&header["payloadType"]) as u8,
            sequence: number(&header["sequence"]) as u16,
            timestamp: number(&header["timestamp"]) as u32,
            ssrc: number(&header["ssrc"]) as u32,
            payload_start: number(&header["payloadStart"]) as usize,
            payload_end: number(&header["payloadEnd"]) as usize,
        });
        assert_eq!(rtp::parse(&bytes(&vector["datagram"])), expected, "{}", vector["name"]);
    }
}
