//! A whole session under any datagrams, orders and times: nothing panics, what it sends is RTP of its own SSRC with numbers one after
//! the other, and its counters add up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_media::{Direction, Encoding, Session, SessionOptions, StreamParameters, rtcp, rtp};
use std::net::SocketAddr;

fn parameters(byte: u8) -> StreamParameters {
    let remote = |port| SocketAddr::from(([192, 0, 2, 1], port));
    StreamParameters {
        direction: [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive][usize::from(byte & 3)],
        send_payload_type: 8,
        send_encoding: Encoding::Pcma,
        send_event_payload_type: (byte & 4 != 0).then_some(101),
        receive: vec![(0, Encoding::Pcmu), (8, Encoding::Pcma)],
        receive_event_payload_type: (byte & 8 != 0).then_some(101),
        send_noise_payload_type: (byte & 64 != 0).then_some(13),
        ptime: [10, 20, 30, 60][usize::from(byte >> 4 & 3)],
        remote_rtcp: remote(4_001),
        rtcp_mux: byte & 64 != 0,
        rtcp_reduced_size: byte & 32 != 0,
        ..StreamParameters::plain(remote(4_000 + u16::from(byte >> 7)))
    }
}

/// The next `count` bytes.
fn take<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(taken)
}

fuzz_target!(|input: &[u8]| {
    let mut input = input;
    let options = SessionOptions {
        ssrc: 7,
        sequence: 65_530,
        timestamp: u32::MAX - 500,
        read_capacity: 1_024,
        write_capacity: 1_024,
        ..SessionOptions::default()
    };
    let mut session = Session::new(options);
    let mut packet = [0; 1_500];
    let mut samples = [0; 512];
    let mut now = 1_000_000_u64;
    let mut sequence = 65_530_u16;
    let mut sent = 0_u64;
    let mut collided = false;
    session.configure(parameters(12));
    while let Some(&[order, time, size]) = take(&mut input, 3) {
        now += u64::from(time) * 500;
        match order & 7 {
            0 => session.configure(parameters(size)),
            1 => drop(session.write(&samples[..usize::from(size)])),
            2 => drop(session.read(&mut samples[..usize::from(size)])),
            3 => drop(session.send_events(&[size & 31, size >> 4], u32::from(time) * 10, u32::from(size))),
            5 => {
                let Some(bytes) = take(&mut input, usize::from(size)) else { return };
                collided |= bytes.get(4..8) == Some(&[0, 0, 0, 7]);
                session.receive_rtcp(now, SocketAddr::from(([192, 0, 2, 1], 4_001)), bytes);
                let mut report = [0; rtcp::LONGEST];
                let length = session.tick_rtcp(now, &mut report);
                assert!(length == 0 || rtcp::check(&report[..length], true));
            }
            4 => {
                // RTP more often than garbage: a whole header by the input's bytes, else the fuzzer never gets past the first check.
                let Some(bytes) = take(&mut input, usize::from(size & 63)) else { return };
                let source = SocketAddr::from(([192, 0, 2, 1], 4_000 + u16::from(order >> 6)));
                collided |= bytes.get(8..12) == Some(&[0, 0, 0, 7]) || bytes.get(4..8) == Some(&[0, 0, 0, 7]);
                session.receive(now, source, bytes);
            }
            6 => {
                let Some(&[low, high, step, payload]) = take(&mut input, 4) else { return };
                let payload_type = [0, 8, 101, 13][usize::from(payload & 3)];
                let mut datagram = [payload; rtp::HEADER_LENGTH + 255];
                let timestamp = u32::from(step) * 160 + u32::from(u16::from_le_bytes([low, high])) * 80;
                // Now and then with our own SSRC.
                let ssrc = if order & 0xd8 == 0xd8 { 7 } else { u32::from(order >> 6) };
                collided |= ssrc == 7;
                rtp::write_header(&mut datagram, order & 8 != 0, payload_type, u16::from_le_bytes([low, high]), timestamp, ssrc);
                let source = SocketAddr::from(([192, 0, 2, 1], 4_000 + u16::from(order >> 5 & 1)));
                session.receive(now, source, &datagram[..rtp::HEADER_LENGTH + usize::from(size)]);
            }
            _ => {
                let mut length = session.tick(now, u32::from(size & 15 == 15) * u32::from(size), &mut packet);
                while length > 0 {
                    let header = rtp::parse(&packet[..length]).expect("what we send is RTP");
                    assert_eq!(header.sequence, sequence);
                    // Ours, but for a collision (RFC 3550 §8.2), and then no other's.
                    assert!(header.ssrc == 7 || collided);
                    sequence = sequence.wrapping_add(1);
                    sent += 1;
                    length = session.more(&mut packet);
                }
            }
        }
        while session.poll().is_some() {}
    }
    let statistics = session.statistics();
    assert_eq!(statistics.packets_sent, sent);
    assert!(statistics.samples_concealed <= statistics.samples_played);
    assert!(statistics.packets_duplicate <= statistics.packets_received);
    assert!(statistics.samples_readable <= 1_024 && statistics.samples_queued <= 1_024);
});
