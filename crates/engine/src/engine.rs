//! The media thread.

use crate::clock;
use crate::ports::{self, OpenError, PortRange};
use crate::priority::{self, Priority};
use crate::session::{MediaSession, Signals};
use crate::socket::Inbox;
use crate::wheel::Wheel;
use sidetone_media::{SessionOptions, StreamParameters};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

/// A slot of the wheel, in microseconds.
const SLOT: u64 = 1_000;

/// Runs media sessions on one thread of its own. Dropping it closes them and ends the thread, within a frame.
pub struct Engine {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    handles: AtomicU32,
}

struct Shared {
    orders: Mutex<Orders>,
    /// Rings when there are orders while the thread has nothing to do.
    bell: Condvar,
    pending: Mutex<Vec<Arc<MediaSession>>>,
    /// Whether `wake` was called since the last drain: then the caller is already on the way.
    woken: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
    priority: OnceLock<Priority>,
}

/// What the thread has to take up.
#[derive(Default)]
struct Orders {
    started: Vec<Arc<MediaSession>>,
    stop: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Starts the thread. It calls `wake` when [`Engine::drain`] has something to tell: at most once a pass, and not again before
    /// the next drain. `wake` must not block.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            orders: Mutex::default(),
            bell: Condvar::new(),
            pending: Mutex::default(),
            woken: AtomicBool::new(false),
            wake: Box::new(wake),
            priority: OnceLock::new(),
        });
        let thread = thread::Builder::new().name("sidetone-media".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
        })?;
        Ok(Self { shared, thread: Some(thread), handles: AtomicU32::new(0) })
    }

    /// Opens a session on a free pair of ports of the range. It is silent until it is configured.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, address: IpAddr, range: PortRange, options: SessionOptions) -> Result<Arc<MediaSession>, OpenError> {
        let sockets = ports::bind(address, range)?;
        let local = sockets.media.local_addr().map_err(OpenError::Socket)?;
        let handle = self.handles.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(MediaSession::new(handle, sockets, local, options)))
    }

    /// Takes over what an offer/answer exchange settled. The first call starts the session's frame clock.
    pub fn configure(&self, session: &Arc<MediaSession>, parameters: StreamParameters) {
        if session.configure(parameters) {
            lock(&self.shared.orders).started.push(Arc::clone(session));
            self.shared.bell.notify_one();
        }
    }

    /// Tells of sessions that have signals, as many as `tell` has room for; then they are clear. Call it until it returns 0.
    pub fn drain(&self, room: usize, mut tell: impl FnMut(u32, Signals)) -> usize {
        // First, so that what is noted from here on wakes again.
        self.shared.woken.store(false, Ordering::SeqCst);
        let mut pending = lock(&self.shared.pending);
        let count = pending.len().min(room);
        for session in pending.drain(..count) {
            tell(session.handle(), session.take_signals());
        }
        count
    }

    /// What priority the system gave the thread; none while it starts.
    pub fn priority(&self) -> Option<Priority> {
        self.shared.priority.get().copied()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        lock(&self.shared.orders).stop = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread catches its sessions' panics; were there another, the process is better off without this engine.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let _ = self.priority.set(priority::raise());
        let begin = clock::now();
        let ticks = |now: u64| (now - begin) / SLOT;
        let mut wheel = Wheel::new();
        let mut inbox = Inbox::new();
        let mut news = Vec::new();
        let mut served = 0;
        loop {
            {
                let mut orders = lock(&self.orders);
                while wheel.is_empty() && orders.started.is_empty() && !orders.stop {
                    orders = self.bell.wait(orders).unwrap_or_else(PoisonError::into_inner);
                }
                if orders.stop {
                    // The sessions' sockets close here, whoever else still holds the sessions.
                    wheel.drain().chain(orders.started.drain(..)).for_each(|session| session.close());
                    return;
                }
                if wheel.is_empty() {
                    served = ticks(clock::now());
                }
                for session in orders.started.drain(..) {
                    wheel.insert(session, served);
                }
            }
            let Some(next) = wheel.next(served) else { continue };
            clock::sleep_until(begin + next * SLOT);
            let now = ticks(clock::now());
            for tick in Wheel::<Arc<MediaSession>>::due(served, now) {
                wheel.serve(tick, |session, skipped| {
                    let progress = session.run(skipped, &mut inbox);
                    if progress.news {
                        news.push(Arc::clone(session));
                    }
                    progress.open
                });
            }
            served = now;
            if !news.is_empty() {
                lock(&self.pending).append(&mut news);
                if !self.woken.swap(true, Ordering::SeqCst) {
                    (self.wake)();
                }
            }
        }
    }
}
