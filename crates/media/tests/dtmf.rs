//! Telephone-events, received and sent.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

mod common;

use common::{number, remote, usual_parameters, vectors};
use serde_json::{Value, json};
use sidetone_media::rtp::{self, HEADER_LENGTH};
use sidetone_media::{Event, Session, SessionOptions};

fn session() -> Session {
    let mut session = Session::new(SessionOptions { ssrc: 0xcafe, sequence: 65_534, timestamp: 1_000, ..SessionOptions::default() });
    session.configure(usual_parameters());
    session
}

fn tick(session: &mut Session, ms: u64, heard: &mut Vec<Value>) {
    session.tick(ms * 1_000, 0, &mut [0; 1_500]);
    while let Some(event) = session.poll() {
        match event {
            Event::DtmfStart { event, .. } => heard.push(json!(["start", event])),
            Event::DtmfEnd { event, duration, .. } => heard.push(json!(["end", event, duration])),
            _ => {}
        }
    }
}

#[test]
fn received() {
    for vector in vectors("dtmf.json")["received"].as_array().unwrap() {
        let mut session = session();
        let mut heard = Vec::new();
        let mut now = 0;
        for packet in vector["packets"].as_array().unwrap() {
            let [arrival, sequence, timestamp, event, ended, duration] = [0, 1, 2, 3, 4, 5].map(|field| number(&packet[field]));
            while now <= arrival {
                tick(&mut session, now, &mut heard);
                now += 20;
            }
            let mut datagram = [0; HEADER_LENGTH + 4];
            rtp::write_header(&mut datagram, false, 101, sequence as u16, timestamp as u32, 0x1234_5678);
            datagram[HEADER_LENGTH..].copy_from_slice(&[event as u8, (ended as u8) << 7 | 10, (duration >> 8) as u8, duration as u8]);
            session.receive(arrival * 1_000, remote(), &datagram);
        }
        for _ in 0..50 {
            tick(&mut session, now, &mut heard);
            now += 20;
        }
        assert_eq!(&Value::Array(heard), &vector["events"], "{}", vector["name"]);
    }
}

#[test]
fn sent() {
    for vector in vectors("dtmf.json")["sent"].as_array().unwrap() {
        let mut session = session();
        let events: Vec<u8> = vector["events"].as_array().unwrap().iter().map(|event| number(event) as u8).collect();
        assert!(session.send_events(&events, number(&vector["duration"]) as u32, number(&vector["gap"]) as u32));
        for (index, frame) in vector["frames"].as_array().unwrap().iter().enumerate() {
            let mut packet = [0; 1_500];
            let length = session.tick(index as u64 * 20_000, 0, &mut packet);
            let header = rtp::parse(&packet[..length]).unwrap();
            let payload = &packet[header.payload_start..];
            assert_eq!(header.sequence, 65_534_u16.wrapping_add(index as u16));
            let sent = if header.payload_type == 101 {
                let duration = u16::from_be_bytes([payload[2], payload[3]]);
                json!([header.marker, 101, header.timestamp, payload[0], payload[1] >= 0x80, duration])
            } else {
                json!("audio")
            };
            assert_eq!(&sent, frame, "{} {index}", vector["name"]);
        }
        assert_eq!(session.poll(), Some(Event::DtmfSent));
    }
}
