//! What a call takes of the system's memory, counted where it is asked for: 24 KiB at most, and nothing more once it runs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use sidetone_engine::{Engine, EngineOptions, MediaSession, PortRange};
use sidetone_media::{Session, SessionOptions, StreamParameters, rtp};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

/// The system's allocator, with books.
struct Counting;

/// Bytes that the process holds.
static HELD: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// Requests of this thread.
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    HELD.fetch_add(bytes, Ordering::Relaxed);
    if bytes > 0 {
        // A thread that ends may free and ask after its locals are gone.
        let _ = REQUESTS.try_with(|requests| requests.set(requests.get() + 1));
    }
}

// SAFETY: hands everything to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps GlobalAlloc's rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: likewise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(-(layout.size() as isize));
        count(size as isize);
        // SAFETY: likewise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn parameters(remote: SocketAddr) -> StreamParameters {
    StreamParameters { send_event_payload_type: Some(101), receive_event_payload_type: Some(101), ..StreamParameters::plain(remote) }
}

/// One test: they would count each other's bytes.
#[test]
fn a_call_takes_24_kib_at_most_and_nothing_more_once_it_runs() {
    a_call_of_an_engine_takes_24_kib_at_most();
    a_running_call_asks_for_nothing();
}

/// Sessions in pairs on real sockets, with all that the engine keeps of each; the audio is read and written every 100 ms or so.
fn a_call_of_an_engine_takes_24_kib_at_most() {
    const CALLS: usize = 60;
    const HEARD: u64 = 40;
    let engine = Engine::new(EngineOptions::default(), || {}).unwrap();
    let mut sessions: Vec<Arc<MediaSession>> = Vec::with_capacity(CALLS);
    let before = HELD.load(Ordering::Relaxed);
    for index in 0..CALLS {
        let range = PortRange { low: 20_000, high: 40_000, start: std::process::id() + 4 * index as u32 };
        sessions.push(engine.open(Ipv4Addr::LOCALHOST.into(), range, SessionOptions::default()).unwrap());
    }
    for (index, session) in sessions.iter().enumerate() {
        engine.configure(session, parameters(sessions[index ^ 1].local_address()));
    }
    let mut samples = [0; 4_000];
    let deadline = Instant::now() + Duration::from_secs(30);
    while sessions.iter().any(|session| session.statistics().packets_received < HEARD) {
        assert!(Instant::now() < deadline, "packets");
        for session in &sessions {
            if session.want_readable(800) {
                let count = session.read(&mut samples);
                session.write(&samples[..count]);
            }
            while session.poll().is_some() {}
        }
        std::thread::yield_now();
    }
    let each = (HELD.load(Ordering::Relaxed) - before) / CALLS as isize;
    println!("{each} bytes a call");
    assert!(each <= 24 * 1_024, "{each} bytes a call");
}

/// A call in which everything happens, again and again: loss, duplicates, packets out of order and late, digits both ways, comfort
/// noise, reports both ways, strangers, a new SSRC, and stalls of ours. What it takes for the worst of it, it takes the first time.
fn a_running_call_asks_for_nothing() {
    const ROUND: u32 = 600;
    let remote = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let stranger = SocketAddr::from(([192, 0, 2, 9], 9));
    let mut session = Session::new(SessionOptions {
        tone_detection: true,
        voip_metrics: true,
        cname: "near".into(),
        epoch: 1,
        ..SessionOptions::default()
    });
    let mut far = Session::new(SessionOptions { ssrc: 7, cname: "far".into(), epoch: 1, ..SessionOptions::default() });
    session.configure(parameters(remote));
    far.configure(parameters(remote));
    let (mut packet, mut report, mut audio) = ([0; 1_500], [0; 500], [0; 4_000]);
    let mut held_back = ([0; 1_500], 0);
    let mut asked = 0;
    let mut requests = 0;
    let mut begin = |counted: bool, work: &mut dyn FnMut()| {
        let before = REQUESTS.with(Cell::get);
        work();
        if counted {
            requests += REQUESTS.with(Cell::get) - before;
        }
    };
    for index in 0..12 * ROUND {
        let counted = index >= 3 * ROUND;
        let step = index % ROUND;
        let now = 1_000_000 + u64::from(index) * 20_000;
        // The far end: another source every round, audio, two digits, and half a second of silence with a description.
        let ssrc = 7 + index / ROUND;
        let mut datagram = [0; 172];
        let silent = (300..325).contains(&step);
        let mut length = 172;
        if (200..212).contains(&step) {
            rtp::write_header(&mut datagram, step == 200, 101, index as u16, (index - step + 200).wrapping_mul(160), ssrc);
            datagram[12..16].copy_from_slice(&[5, u8::from(step > 208) << 7, 0, (step - 199) as u8 * 16]);
            length = 16;
        } else if step == 300 {
            rtp::write_header(&mut datagram, false, 13, index as u16, index.wrapping_mul(160), ssrc);
            datagram[12..15].copy_from_slice(&[40, 140, 120]);
            length = 15;
        } else {
            rtp::write_header(&mut datagram, step == 325, 0, index as u16, index.wrapping_mul(160), ssrc);
            datagram.iter_mut().skip(12).enumerate().for_each(|(at, code)| *code = 0x80 | (at as u32 * 7 + index) as u8);
        }
        let late = step.is_multiple_of(37) || (400..420).contains(&step);
        if late && held_back.1 == 0 {
            held_back.0[..length].copy_from_slice(&datagram[..length]);
            held_back.1 = length;
        }
        begin(counted, &mut || {
            if !(late || silent && step > 300 || step.is_multiple_of(29)) {
                session.receive(now, remote, &datagram[..length]);
            }
            if step % 37 == 2 {
                session.receive(now, remote, &held_back.0[..held_back.1]);
                held_back.1 = 0;
            }
            if step.is_multiple_of(31) {
                session.receive(now + 4_000, remote, &datagram[..length]);
                session.receive(now + 4_000, stranger, &datagram[..length]);
            }
            if step == 250 {
                assert!(session.send_events(&[1, 2, 11], 60, 40));
            }
            session.tick(now + 5_000, if step == 599 { 3 } else { 0 }, &mut packet);
            asked += session.tick_rtcp(now + 5_000, &mut report);
            while session.poll().is_some() {}
            if index % 5 == 4 {
                let count = session.read(&mut audio);
                // What we would queue in our own stalls would pile up: that is the caller's to decide, and its memory.
                session.write(&audio[..count.min(800 - session.queued().min(800))]);
            }
        });
        far.tick(now, 0, &mut packet);
        let length = far.tick_rtcp(now, &mut report);
        begin(counted, &mut || session.receive_rtcp(now, remote, &report[..length]));
    }
    let statistics = session.statistics();
    assert!(statistics.packets_received > 6_000 && statistics.packets_duplicate > 100 && statistics.samples_concealed > 10_000);
    assert!(statistics.rtcp_packets_sent > 10 && statistics.rtcp_packets_received > 10 && asked > 0);
    assert_eq!(requests, 0);
}
