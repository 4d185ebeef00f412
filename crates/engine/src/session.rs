//! One call's media: a core session and the socket it runs on.

use crate::clock;
use crate::pace::Pace;
use crate::peer::Peer;
use crate::ports::{self, Sockets};
use crate::round::{CONTROL_TURN, PACKET};
use sidetone_media::{Event, Session, SessionOptions, Statistics, StreamParameters};
use std::any::Any;
use std::collections::VecDeque;
use std::mem::offset_of;
use std::net::{SocketAddr, UdpSocket};
use std::ops::BitOr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events kept for a listener that does not come. Beyond, they stay in the core, which has its own bound.
const EVENTS: usize = 256;
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
/// waits at most for the microseconds of one frame; `close` for those of one round.
///
/// In memory, first what each tick touches.
#[repr(C)]
pub struct MediaSession {
    /// The media thread holds it during a round, `close` to take the socket away. Whoever wants both locks this one first.
    pub(crate) io: Mutex<Option<Io>>,
    /// Never held during a system call, so that readers and writers of samples do not wait for one.
    pub(crate) state: Mutex<State>,
    handle: u32,
    local: SocketAddr,
}

/// What the media thread needs to send and to receive.
pub(crate) struct Io {
    pub(crate) socket: UdpSocket,
    /// When the socket was last emptied: what waits in it now came later.
    pub(crate) emptied: u64,
    /// RTCP's, until it is agreed that it shares RTP's; when that was emptied, and intervals until it is again.
    pub(crate) control: Option<UdpSocket>,
    pub(crate) control_emptied: u64,
    pub(crate) control_turn: u32,
    pub(crate) pace: Pace,
    pub(crate) peer: Peer,
}

/// What the media thread shares with those who read and write. In memory, first what each tick touches.
#[repr(C)]
pub(crate) struct State {
    /// Whether `configure` was called, which starts the frame clock.
    started: bool,
    events: VecDeque<Event>,
    want_readable: Option<usize>,
    want_queued: Option<usize>,
    signals: Signals,
    /// Whether the session is among the engine's pending ones.
    pending: bool,
    closed: bool,
    /// Where the last offer/answer said that the far end is.
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) session: Session,
    failure: Option<String>,
}

/// A poisoned lock means a panic that [`MediaSession::guard`] has caught and turned into a failure.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MediaSession {
    /// What each tick touches of this object: where each piece begins and ends, in bytes from its beginning.
    pub(crate) const NEAR: [(usize, usize); Session::NEAR.len()] = {
        // Where a mutex keeps its content is its own business; but it is no larger than that and its lock.
        let lock = size_of::<Mutex<State>>() - size_of::<State>();
        let session = offset_of!(Self, state) + lock + offset_of!(State, session);
        let mut pieces = Session::NEAR;
        let mut index = 0;
        while index < pieces.len() {
            pieces[index] = (session + pieces[index].0, session + pieces[index].1);
            index += 1;
        }
        pieces[0].0 = 0;
        pieces
    };

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
            control_turn: handle.rem_euclid(CONTROL_TURN),
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

    /// A panic in one session's core fails that session, and nothing else: then the answer tells whether the session must be put among
    /// the pending ones, and it must be closed.
    pub(crate) fn guard<R>(&self, work: impl FnOnce() -> R) -> Result<R, bool> {
        // The state that a panic may have left half changed is not used again: see `with`.
        catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
            let mut state = lock(&self.state);
            state.failure = Some(format!("the media core panicked: {}", message(&*panic)));
            state.signals = state.signals | Signals::FAILED;
            !std::mem::replace(&mut state.pending, true)
        })
    }

    /// Moves the session's signals out, for the pending list.
    pub(crate) fn take_signals(&self) -> Signals {
        let mut state = lock(&self.state);
        state.pending = false;
        std::mem::take(&mut state.signals)
    }
}

impl State {
    /// Looks what the tick has changed for those who wait. True when the session must be put among the pending ones.
    pub(crate) fn note(&mut self) -> bool {
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
    fn a_panic_fails_the_session_and_tells_why() {
        let session = session();
        let outcome = session.guard(|| {
            let _held = lock(&session.state);
            panic!("a defect")
        });
        assert_eq!(outcome, Err::<(), bool>(true));
        assert_eq!(session.failure().as_deref(), Some("the media core panicked: a defect"));
        assert!(session.take_signals().has(Signals::FAILED));
        assert_eq!(session.read(&mut [0; 160]), 0, "the core is left alone from here on");
        session.close();
        socket::bind(session.local_address()).expect("the port is free");
    }

    #[test]
    fn a_tick_touches_less_than_half_of_a_session_and_that_lies_together() {
        let mut end = 0;
        for (begin, after) in MediaSession::NEAR {
            assert!(begin < after && after <= size_of::<MediaSession>());
            end += after - begin;
        }
        assert!(end < size_of::<MediaSession>() / 2, "{end} of {}", size_of::<MediaSession>());
        let session = session();
        let start = (&raw const session).addr();
        let state = lock(&session.state);
        let core = (&raw const state.session).addr() - start;
        let (begin, after) = MediaSession::NEAR[1];
        assert!((core + Session::NEAR[1].0, core + Session::NEAR[1].1) == (begin, after), "the mutex keeps its content elsewhere");
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
