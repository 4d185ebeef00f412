//! Nanoseconds to read and to write an RTP packet of 160 bytes, as JSON: the least of many short runs, for whatever else the machine
//! does makes a run longer, never shorter. Reading checks every length; writing is the header and the payload behind it.
//! With `parse` or `write` it does just that, a million times, for callgrind to count.

use sidetone_media::rtp::{HEADER_LENGTH, Header, parse, write_header};
use std::hint::black_box;
use std::time::Instant;

const PAYLOAD: usize = 160;
const LENGTH: usize = HEADER_LENGTH + PAYLOAD;
/// Packets that differ, so that no run learns one by heart: plain ones, one in 16 with a CSRC, an extension or padding.
const PACKETS: usize = 64;
const ROUNDS: usize = 4_000;
const TURNS: usize = 10;
const COUNTED: usize = 1_000_000;

type Packet = [u8; LENGTH];

#[inline(never)]
fn read(packets: &[Packet; PACKETS]) -> u32 {
    let mut sum = 0;
    for packet in packets {
        if let Some(header) = black_box(parse(black_box(packet))) {
            sum ^= header.timestamp ^ u32::from(header.sequence);
        }
    }
    sum
}

#[inline(never)]
fn write(packets: &mut [Packet; PACKETS], payload: &[u8; PAYLOAD], number: u32) {
    for (index, packet) in packets.iter_mut().enumerate() {
        let packet = black_box(packet);
        let count = number.wrapping_add(index as u32);
        write_header(packet, false, 0, count as u16, count.wrapping_mul(160), 0x1234_5678);
        packet[HEADER_LENGTH..].copy_from_slice(black_box(payload));
    }
}

fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..TURNS {
        work();
    }
    start.elapsed().as_nanos() as f64 / (TURNS * PACKETS) as f64
}

fn main() {
    let payload = [0x55; PAYLOAD];
    let mut packets: [Packet; PACKETS] = [[0; LENGTH]; PACKETS];
    write(&mut packets, &payload, 7);
    packets[5][0] = 0x81;
    packets[21][0] = 0x90;
    packets[21][14..16].copy_from_slice(&[0, 1]);
    packets[37][0] = 0xa0;
    packets[37][LENGTH - 1] = 4;
    assert!(packets.iter().all(|packet| parse(packet).is_some_and(|header: Header| header.payload_end > header.payload_start)));
    let mut written = [[0; LENGTH]; PACKETS];
    match std::env::args().nth(1).as_deref() {
        Some("parse") => {
            for _ in 0..COUNTED / PACKETS {
                black_box(read(&packets));
            }
        }
        Some("write") => {
            for number in 0..(COUNTED / PACKETS) as u32 {
                write(&mut written, &payload, number);
            }
        }
        _ => {
            let mut best = [f64::MAX; 2];
            for round in 0..ROUNDS as u32 {
                best[0] = best[0].min(time(|| _ = black_box(read(&packets))));
                best[1] = best[1].min(time(|| write(&mut written, &payload, round)));
            }
            println!(r#"{{"parse":{:.2},"write":{:.2}}}"#, best[0], best[1]);
        }
    }
}
