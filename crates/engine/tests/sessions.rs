//! Sessions on real loopback sockets. Nothing sleeps: tests wait for wakes and datagrams, up to a deadline.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use sidetone_engine::{Engine, EngineOptions, MediaSession, OpenError, PortRange, Signals};
use sidetone_media::{SessionOptions, StreamParameters};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);
const ANY: PortRange = PortRange { low: 20_000, high: 40_000, start: 0 };

/// An engine whose wakes arrive in a channel.
fn engine() -> (Engine, Receiver<()>) {
    let (sender, wakes) = channel();
    let sender = Mutex::new(sender);
    let engine = Engine::new(EngineOptions::default(), move || {
        let _ = sender.lock().unwrap().send(());
    });
    (engine.unwrap(), wakes)
}

fn open(engine: &Engine, address: impl Into<IpAddr>) -> Arc<MediaSession> {
    // Tests run side by side: each begins somewhere else.
    let start = Instant::now().elapsed().subsec_nanos() ^ std::process::id() ^ (&raw const *engine as usize as u32 >> 4);
    engine.open(address.into(), PortRange { start, ..ANY }, SessionOptions::default()).unwrap()
}

fn listener() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Waits until `session` has signalled all of `wanted`.
fn wait_for(engine: &Engine, wakes: &Receiver<()>, session: &MediaSession, wanted: Signals) {
    let deadline = Instant::now() + DEADLINE;
    let mut seen = Signals::default();
    while !seen.has(wanted) {
        wakes.recv_timeout(deadline - Instant::now()).expect("a wake");
        while engine.drain(8, |handle, signals| {
            if handle == session.handle() {
                seen = seen | signals;
            }
        }) > 0
        {}
    }
}

#[test]
fn a_configured_session_sends_a_packet_every_20_ms() {
    let (engine, _wakes) = engine();
    let (far, to) = listener();
    let session = open(&engine, Ipv4Addr::LOCALHOST);
    engine.configure(&session, StreamParameters::plain(to));
    let mut packet = [0; 2_048];
    let begin = Instant::now();
    for _ in 0..26 {
        assert_eq!(far.recv(&mut packet).unwrap(), 172);
    }
    // 25 intervals lie between 26 packets; the first follows within one, and a busy machine adds what it likes.
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(499), "{took:?}");
    assert!(took < DEADLINE, "{took:?}");
}

#[test]
fn two_sessions_carry_audio_and_tell_when_it_can_be_read() {
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let (engine, wakes) = engine();
        let (near, far) = (open(&engine, address), open(&engine, address));
        assert_eq!(near.write(&[8_000; 3_200]), 3_200);
        assert!(!far.want_readable(1_600));
        engine.configure(&near, StreamParameters::plain(far.local_address()));
        engine.configure(&far, StreamParameters::plain(near.local_address()));
        wait_for(&engine, &wakes, &far, Signals::READABLE);
        assert!(far.want_readable(1_600), "the wish is fulfilled");
        let mut samples = [0; 1_600];
        assert_eq!(far.read(&mut samples), 1_600);
        assert!(samples.iter().any(|sample| (7_000..9_000).contains(sample)), "the tone is in it");
        assert!(near.statistics().packets_sent >= 10);
        assert!(far.statistics().packets_received >= 10);
    }
}

#[test]
fn the_sender_tells_when_all_is_sent() {
    let (engine, wakes) = engine();
    let (_far, to) = listener();
    let session = open(&engine, Ipv4Addr::LOCALHOST);
    session.write(&[1; 800]);
    assert!(!session.want_queued(0));
    engine.configure(&session, StreamParameters::plain(to));
    wait_for(&engine, &wakes, &session, Signals::QUEUED);
    assert_eq!(session.statistics().samples_queued, 0);
    assert!(session.want_queued(0));
}

#[test]
fn sessions_that_come_and_go_leave_the_others_alone() {
    let (engine, _wakes) = engine();
    let (far, to) = listener();
    let staying = open(&engine, Ipv4Addr::LOCALHOST);
    engine.configure(&staying, StreamParameters::plain(to));
    let mut packet = [0; 2_048];
    for _ in 0..10 {
        let (_, going_to) = listener();
        let going: Vec<_> = (0..20).map(|_| open(&engine, Ipv4Addr::LOCALHOST)).collect();
        for session in &going {
            engine.configure(session, StreamParameters::plain(going_to));
        }
        far.recv(&mut packet).unwrap();
        for session in going {
            session.close();
        }
    }
    assert_eq!(staying.statistics().frames_skipped, 0);
}

#[test]
fn an_idle_engine_starts_again() {
    let (engine, _wakes) = engine();
    let mut packet = [0; 2_048];
    for _ in 0..3 {
        let (far, to) = listener();
        let session = open(&engine, Ipv4Addr::LOCALHOST);
        engine.configure(&session, StreamParameters::plain(to));
        for _ in 0..2 {
            far.recv(&mut packet).unwrap();
        }
        session.close();
        assert_eq!(session.statistics().frames_skipped, 0, "time without sessions is not a stall");
    }
}

#[test]
fn a_full_range_says_so_and_a_closed_session_makes_room() {
    let (engine, _wakes) = engine();
    let first = open(&engine, Ipv4Addr::LOCALHOST);
    let port = first.local_address().port();
    let range = PortRange { low: port, high: port, start: 7 };
    let again = || engine.open(Ipv4Addr::LOCALHOST.into(), range, SessionOptions::default());
    assert!(matches!(again(), Err(OpenError::NoPorts)));
    first.close();
    assert_eq!(again().unwrap().local_address().port(), port);
}

#[test]
fn dropping_the_engine_ends_its_thread_and_frees_its_ports() {
    let (engine, _wakes) = engine();
    let (_far, to) = listener();
    let session = open(&engine, Ipv4Addr::LOCALHOST);
    engine.configure(&session, StreamParameters::plain(to));
    drop(engine);
    UdpSocket::bind(session.local_address()).unwrap();
    assert_eq!(session.write(&[0; 160]), 0, "and its sessions may be used as any closed one");
}

/// As when the process ends or a worker is terminated: the engine goes while calls run on all its threads, and others still use them.
#[test]
fn dropping_an_engine_of_several_threads_in_the_middle_of_its_calls_waits_for_nobody() {
    let (sender, wakes) = channel();
    let sender = Mutex::new(sender);
    let options = EngineOptions { threads: 4, real_time: false };
    let engine = Engine::new(options, move || {
        let _ = sender.lock().unwrap().send(());
    });
    let engine = engine.unwrap();
    let sessions: Vec<_> = (0..40).map(|_| open(&engine, Ipv4Addr::LOCALHOST)).collect();
    for pair in sessions.chunks(2) {
        engine.configure(&pair[0], StreamParameters::plain(pair[1].local_address()));
        engine.configure(&pair[1], StreamParameters::plain(pair[0].local_address()));
    }
    let last = sessions.last().unwrap();
    assert!(!last.want_readable(320));
    wait_for(&engine, &wakes, last, Signals::READABLE);
    let dropped = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut samples = [0; 160];
            while !dropped.load(Ordering::Relaxed) {
                for session in &sessions[..30] {
                    let count = session.read(&mut samples);
                    session.write(&samples[..count]);
                    session.want_readable(1_600);
                }
            }
        });
        scope.spawn(|| sessions[20..].iter().for_each(|session| session.close()));
        drop(engine);
        dropped.store(true, Ordering::Relaxed);
    });
    for session in &sessions {
        UdpSocket::bind(session.local_address()).unwrap();
        assert_eq!(session.write(&[0; 160]), 0);
        assert!(session.statistics().packets_sent > 0);
        assert_eq!(session.failure(), None);
    }
}
