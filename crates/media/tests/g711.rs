//! G.711 against the checksums of ITU-T G.191's reference.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

mod common;

use common::{crc32, encoding, little_endian, vectors};
use serde_json::json;
use sidetone_media::g711;

#[test]
fn every_sample_and_every_code_is_exact() {
    let vectors = vectors("g711.json");
    for law in ["PCMU", "PCMA"] {
        let encoding = encoding(&json!(law));
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut codes = vec![0; 65_536];
        assert_eq!(g711::encode(encoding, &samples, &mut codes), 65_536);
        assert_eq!(crc32(&codes), vectors["crc32"][law]["encode"].as_str().unwrap(), "{law}");
        let codes: Vec<u8> = (0..=255).collect();
        let mut samples = vec![0; 256];
        assert_eq!(g711::decode(encoding, &codes, &mut samples), 256);
        assert_eq!(crc32(&little_endian(&samples)), vectors["crc32"][law]["decode"].as_str().unwrap(), "{law}");
        let mut others = vec![0; 256];
        let transcode = if law == "PCMU" { g711::ulaw_to_alaw } else { g711::alaw_to_ulaw };
        assert_eq!(transcode(&codes, &mut others), 256);
        assert_eq!(crc32(&others), vectors["crc32"][law]["transcode"].as_str().unwrap(), "{law}");
        for line in vectors["encode"].as_array().unwrap() {
            let mut code = [0];
            g711::encode(encoding, &[line["sample"].as_i64().unwrap() as i16], &mut code);
            assert_eq!(u64::from(code[0]), line[law].as_u64().unwrap(), "{law} {line}");
        }
        assert_eq!(u64::from(g711::silence(encoding)), vectors["silence"][law].as_u64().unwrap());
    }
}

#[test]
fn no_more_is_written_than_the_shorter_slice_has() {
    let mut codes = [1; 3];
    assert_eq!(g711::encode_ulaw(&[0; 2], &mut codes), 2);
    assert_eq!(codes, [0xff, 0xff, 1]);
    assert_eq!(g711::encode_alaw(&[0; 9], &mut codes), 3);
    let mut samples = [1; 3];
    assert_eq!(g711::decode_alaw(&[0xd5; 2], &mut samples), 2);
    assert_eq!(samples, [8, 8, 1]);
    assert_eq!(g711::decode_ulaw(&[0xff; 9], &mut samples), 3);
}
