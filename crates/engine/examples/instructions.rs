//! Fixed work for callgrind to count: `npm run bench -- instructions`. Each function of this file is one figure.
//!
//!   instructions <name>

use sidetone_engine::accelerate;
use sidetone_media::{Encoding, Session, SessionOptions, StreamParameters, g711};
use std::hint::black_box;
use std::net::SocketAddr;

const FRAMES: usize = 1_000;

fn frame() -> [i16; 160] {
    std::array::from_fn(|index| ((index * 7_919) % 65_536) as u16 as i16)
}

#[inline(never)]
fn encode(encoding: Encoding) {
    let (samples, mut codes) = (frame(), [0; 160]);
    for _ in 0..FRAMES {
        g711::encode(encoding, black_box(&samples), black_box(&mut codes));
    }
}

#[inline(never)]
fn decode(encoding: Encoding) {
    let (codes, mut samples) = ([0x5a; 160], frame());
    for _ in 0..FRAMES {
        g711::decode(encoding, black_box(&codes), black_box(&mut samples));
    }
}

/// A call-tick without its system calls: a packet comes, a frame is played, one is sent; every 100 ms the audio is read and written.
/// Of 50 packets `lost` are missing.
#[inline(never)]
fn call(lost: usize) {
    let remote = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let mut session = Session::new(SessionOptions::default());
    session.configure(StreamParameters::plain(remote));
    let (mut packet, mut report, mut audio) = ([0; 1_500], [0; 500], [0; 800]);
    for index in 0..FRAMES {
        let now = 1_000_000 + index as u64 * 20_000;
        let mut datagram = [0x5a; 172];
        datagram.iter_mut().skip(12).enumerate().for_each(|(at, code)| *code = 0x80 | (at * 7 + index) as u8);
        sidetone_media::rtp::write_header(&mut datagram, false, 0, index as u16, index as u32 * 160, 7);
        if index % 50 >= lost {
            session.receive(now, remote, &datagram);
        }
        black_box(session.tick(now + 5_000, 0, &mut packet));
        session.tick_rtcp(now + 5_000, &mut report);
        while session.poll().is_some() {}
        if index % 5 == 4 {
            let count = session.read(&mut audio);
            session.write(&audio[..count]);
        }
    }
}

fn main() {
    accelerate();
    match std::env::args().nth(1).as_deref() {
        Some("ulaw-encode") => encode(Encoding::Pcmu),
        Some("alaw-encode") => encode(Encoding::Pcma),
        Some("ulaw-decode") => decode(Encoding::Pcmu),
        Some("alaw-decode") => decode(Encoding::Pcma),
        Some("call-tick") => call(0),
        Some("call-tick-with-losses") => call(4),
        _ => eprintln!("instructions <name>"),
    }
}
