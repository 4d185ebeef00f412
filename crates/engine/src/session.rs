//! One call's media: a core session and the socket it runs on.

use crate::clock;
use crate::pace::Pace;
use crate::peer::Peer;
use crate::ports::{self, Sockets};
use crate::socket::{BATCH, Inbox};
use sidetone_media::rtcp;
use sidetone_media::{Event, Session, SessionOptions, Statistics, StreamParameters};
use std::any::Any;
use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::ops::BitOr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events kept for a listener that does not come. Beyond, they stay in the core, which has its own bound.
const EVENTS: usize = 256;
/// Batches that one session may take of a tick's time. What is beyond, a flood, waits in the socket or is dropped there.
const BATCHES: usize = 8;
/// Intervals from one look at the RTCP socket to the next. The kernel tells when a datagram came; where it does not, the round trip would
/// seem that much longer.
const CONTROL_TURN: u32 = if cfg!(target_os = "linux") { 25 } else { 1 };
/// Room for one RTP packet.
pub const PACKET: usize = 1_500;

/// What a session has to say, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals(u32);

impl Signals {
    /// What [`MediaSession::want_readable`] asked for has come.
    pub const READABLE: Self = Self(1);
    /// What [`MediaSession::want_queued`] asked for has come.
    pub const QUEUED: Self = Self(2);
    /// [`MediaSession::poll`] has events.
    pub const EVENTS: Self = Self(4);
    /// The session closed itself; see [`MediaSession::failure`].
    pub const FAILED: Self = Self(8);

    /// The set as a number, one bit each.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether it has all of `other`.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl BitOr for Signals {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One call's media on a socket of its own. Its engine's thread runs it; every method may be called from any other thread, and
/// waits at most for the microseconds of one frame.
pub struct MediaSession {
    handle: u32,
    local: SocketAddr,
    /// The media thread holds it during a tick, `close` to take the socket away.
    io: Mutex<Option<Io>>,
    /// Never held during a system call, so that readers and writers of samples do not wait for one.
    state: Mutex<State>,
}

struct Io {
    socket: UdpSocket,
    /// When the socket was last emptied: what waits in it now came later.
    emptied: u64,
    /// RTCP's, until it is agreed that it shares RTP's; when that was emptied, and intervals until it is again.
    control: Option<UdpSocket>,
    control_emptied: u64,
    control_turn: u32,
    pace: Pace,
    peer: Peer,
}

struct State {
    session: Session,
    /// Whether `configure` was called, which starts the frame clock.
    started: bool,
    events: VecDeque<Event>,
    want_readable: Option<usize>,
    want_queued: Option<usize>,
    signals: Signals,
    /// Whether the session is among the engine's pending ones.
    pending: bool,
    failure: Option<String>,
    closed: bool,
    /// Where the last offer/answer said that the far end is.
    remote: Option<SocketAddr>,
}

/// A poisoned lock means a panic that [`MediaSession::run`] has caught and turned into a failure.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MediaSession {
    pub(crate) fn new(handle: u32, sockets: Sockets, local: SocketAddr, mut options: SessionOptions) -> Self {
        let now = clock::now();
        if options.epoch == 0 {
            options.epoch = clock::epoch();
        }
        let io = Io {
            socket: sockets.media,
            emptied: now,
            control: sockets.control,
            control_emptied: now,
            // Sessions opened together do not look together.
            control_turn: handle % CONTROL_TURN,
            pace: Pace::new(),
            peer: Peer::new(),
        };
        Self {
            handle,
            local,
            io: Mutex::new(Some(io)),
            state: Mutex::new(State {
                session: Session::new(options),
                started: false,
                events: VecDeque::new(),
                want_readable: None,
                want_queued: None,
                signals: Signals::default(),
                pending: false,
                failure: None,
                closed: false,
                remote: None,
            }),
        }
    }

    /// The number that stands for this session in [`Engine::drain`](crate::Engine::drain).
    pub fn handle(&self) -> u32 {
        self.handle
    }

    /// Where it is bound.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// The core, unless it has failed: its state may then be half changed.
    fn with<R>(&self, otherwise: R, call: impl FnOnce(&mut Session) -> R) -> R {
        let mut state = lock(&self.state);
        if state.failure.is_some() { otherwise } else { call(&mut state.session) }
    }

    /// See the core. True the first time, when the engine must take the session up.
    pub(crate) fn configure(&self, parameters: StreamParameters) -> bool {
        if parameters.rtcp_mux
            && let Some(io) = lock(&self.io).as_mut()
        {
            io.control = None;
        }
        let mut state = lock(&self.state);
        if state.failure.is_none() {
            state.remote = Some(parameters.remote);
            state.session.configure(parameters);
        }
        !std::mem::replace(&mut state.started, true)
    }

    /// Queues samples for sending; tells how many were taken.
    pub fn write(&self, samples: &[i16]) -> usize {
        let mut state = lock(&self.state);
        if state.closed { 0 } else { state.session.write(samples) }
    }

    /// Moves received samples to the caller; tells how many there were.
    pub fn read(&self, samples: &mut [i16]) -> usize {
        self.with(0, |session| session.read(samples))
    }

    /// Drops what is queued for sending; tells how many samples.
    pub fn clear(&self) -> usize {
        self.with(0, Session::clear)
    }

    /// Queues telephone-events; false when the far end takes none.
    pub fn send_events(&self, events: &[u8], duration: u32, gap: u32) -> bool {
        self.with(false, |session| session.send_events(events, duration, gap))
    }

    /// The session's counters.
    pub fn statistics(&self) -> Statistics {
        lock(&self.state).session.statistics()
    }

    /// True when at least `samples` wait to be read. Otherwise asks, once, for [`Signals::READABLE`] when they do; of several
    /// wishes the least counts.
    pub fn want_readable(&self, samples: usize) -> bool {
        let mut state = lock(&self.state);
        let there = state.session.readable() >= samples;
        if !there {
            state.want_readable = Some(state.want_readable.map_or(samples, |wanted| wanted.min(samples)));
        }
        there
    }

    /// True when at most `samples` are queued for sending. Otherwise asks, once, for [`Signals::QUEUED`] when that is so; of
    /// several wishes the greatest counts.
    pub fn want_queued(&self, samples: usize) -> bool {
        let mut state = lock(&self.state);
        let there = state.session.queued() <= samples;
        if !there {
            state.want_queued = Some(state.want_queued.map_or(samples, |wanted| wanted.max(samples)));
        }
        there
    }

    /// The next thing that happened.
    pub fn poll(&self) -> Option<Event> {
        lock(&self.state).events.pop_front()
    }

    /// Why the session closed itself, if it did.
    pub fn failure(&self) -> Option<String> {
        lock(&self.state).failure.clone()
    }

    /// Says goodbye and frees the ports before it returns. Samples that were received can still be read; none is taken any more.
    pub fn close(&self) {
        let mut io = lock(&self.io);
        let Some(Io { socket, control, .. }) = io.as_ref() else { return };
        let now = clock::now();
        let mut packet = [0; PACKET];
        let mut state = lock(&self.state);
        state.closed = true;
        if state.failure.is_none() {
            let length = state.session.bye(now, &mut packet);
            let destination = state.session.rtcp_destination();
            drop(state);
            if let (1.., Some(destination)) = (length, destination) {
                let _ = control.as_ref().unwrap_or(socket).send_to(&packet[..length], destination);
            }
        }
        ports::closed(self.local, now);
        *io = None;
    }

    /// Has the processor fetch the session into its cache while it does something else: among thousands of sessions each is cold
    /// when its turn comes, and waiting for its memory line by line takes longer than its work.
    pub(crate) fn fetch(&self) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let start = (&raw const *self).cast::<i8>();
            for offset in (0..size_of::<Self>()).step_by(64) {
                // SAFETY: the address is within this session; and a prefetch, a mere hint, reads nothing that the program sees.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(start.add(offset)) };
            }
        }
    }

    /// One frame interval: takes the datagrams that wait, and sends this interval's packet.
    pub(crate) fn run(&self, skipped: u32, inbox: &mut Inbox) -> Progress {
        self.guard(|| self.tick(skipped, inbox))
    }

    /// A panic in one session's core closes that session, and nothing else.
    fn guard(&self, work: impl FnOnce() -> Progress) -> Progress {
        // The state that a panic may have left half changed is not used again: see `with`.
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(progress) => progress,
            Err(panic) => {
                let mut state = lock(&self.state);
                state.failure = Some(format!("the media core panicked: {}", message(&*panic)));
                state.signals = state.signals | Signals::FAILED;
                let news = !std::mem::replace(&mut state.pending, true);
                drop(state);
                self.close();
                Progress { open: false, news }
            }
        }
    }

    fn tick(&self, skipped: u32, inbox: &mut Inbox) -> Progress {
        let mut io = lock(&self.io);
        let Some(io) = io.as_mut() else { return Progress { open: false, news: false } };
        let mut packet = [0; PACKET];
        let mut report_packet = [0; rtcp::LONGEST];
        if io.control_turn > 0 {
            io.control_turn -= 1;
        } else if let Some(control) = &io.control {
            io.control_turn = CONTROL_TURN - 1;
            inbox.fill(control, BATCH);
            let now = clock::now();
            let mut state = lock(&self.state);
            for (arrival, source, datagram) in inbox.datagrams(now, io.control_emptied) {
                state.session.receive_rtcp(arrival, source, datagram);
            }
            io.control_emptied = now;
        }
        let mut batches = 0;
        // The fill stays outside the lock; so the lock is let go and taken again between batches.
        let (mut state, now) = loop {
            let most = io.pace.most();
            let full = inbox.fill(&io.socket, most);
            batches += 1;
            let now = clock::now();
            let mut state = lock(&self.state);
            io.pace.begin(most, full);
            for (arrival, source, datagram) in inbox.datagrams(now, io.emptied) {
                io.pace.note(now, arrival);
                io.peer.note(source);
                state.session.receive(arrival, source, datagram);
            }
            if !io.pace.expects_more() || batches == BATCHES {
                break (state, now);
            }
        };
        io.emptied = now;
        let mut length = state.session.tick(now, skipped, &mut packet);
        let destination = state.session.destination();
        let more = state.session.has_more();
        let report = state.session.tick_rtcp(now, &mut report_packet);
        let report_destination = if report > 0 { state.session.rtcp_destination() } else { None };
        let news = state.note();
        let remote = state.remote;
        drop(state);
        io.peer.settle(&io.socket, destination.filter(|_| destination == remote));
        while let (1.., Some(destination)) = (length, destination) {
            // A full send buffer or an unreachable network costs this packet; the next may pass.
            io.peer.send(&io.socket, &packet[..length], destination);
            length = if more { lock(&self.state).session.more(&mut packet) } else { 0 };
        }
        if let Some(destination) = report_destination {
            let _ = io.control.as_ref().unwrap_or(&io.socket).send_to(&report_packet[..report], destination);
        }
        Progress { open: true, news }
    }

    /// Moves the session's signals out, for the pending list.
    pub(crate) fn take_signals(&self) -> Signals {
        let mut state = lock(&self.state);
        state.pending = false;
        std::mem::take(&mut state.signals)
    }
}

/// What a tick came to.
pub struct Progress {
    /// False once the session is closed.
    pub open: bool,
    /// It has signals, and is not among the pending sessions yet.
    pub news: bool,
}

impl State {
    /// Looks what the tick has changed for those who wait. True when the session must be put among the pending ones.
    fn note(&mut self) -> bool {
        while self.events.len() < EVENTS
            && let Some(event) = self.session.poll()
        {
            self.events.push_back(event);
            self.signals = self.signals | Signals::EVENTS;
        }
        if self.want_readable.is_some_and(|samples| self.session.readable() >= samples) {
            self.want_readable = None;
            self.signals = self.signals | Signals::READABLE;
        }
        if self.want_queued.is_some_and(|samples| self.session.queued() <= samples) {
            self.want_queued = None;
            self.signals = self.signals | Signals::QUEUED;
        }
        !self.signals.is_empty() && !std::mem::replace(&mut self.pending, true)
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket;
    use std::net::Ipv4Addr;

    fn session() -> MediaSession {
        let media = socket::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let local = media.local_addr().expect("bound");
        MediaSession::new(0, Sockets { media, control: None }, local, SessionOptions::default())
    }

    #[test]
    fn a_panic_closes_the_session_and_tells_why() {
        let session = session();
        let progress = session.guard(|| {
            let _held = lock(&session.state);
            panic!("a defect")
        });
        assert!(!progress.open && progress.news);
        assert_eq!(session.failure().as_deref(), Some("the media core panicked: a defect"));
        assert!(session.take_signals().has(Signals::FAILED));
        assert_eq!(session.write(&[0; 160]), 0, "the core is left alone from here on");
        socket::bind(session.local_address()).expect("the port is free");
        assert!(!session.run(0, &mut Inbox::new()).open);
    }

    #[test]
    fn closing_frees_the_port_at_once() {
        let session = session();
        session.close();
        session.close();
        socket::bind(session.local_address()).expect("the port is free");
    }

    #[test]
    fn a_session_is_pending_once_until_its_signals_are_taken() {
        let session = session();
        session.write(&[0; 320]);
        assert!(!session.want_queued(0));
        session.clear();
        assert!(session.want_queued(0), "now it is so");
        let mut state = lock(&session.state);
        assert!(state.note(), "but the wish was made before");
        state.want_readable = Some(0);
        assert!(!state.note(), "pending already");
        drop(state);
        assert_eq!(session.take_signals(), Signals::READABLE | Signals::QUEUED);
        assert_eq!(session.take_signals(), Signals::default());
    }
}
