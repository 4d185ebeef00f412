//! The media threads.

use crate::clock;
use crate::ports::{self, OpenError, PortRange};
use crate::priority::{self, Priority};
use crate::round::{ROUND, Round};
use crate::session::{MediaSession, Signals};
use crate::simd;
use crate::wheel::Wheel;
use sidetone_media::{SessionOptions, StreamParameters};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

/// A slot of the wheel, in microseconds.
const SLOT: u64 = 5_000;

/// How an engine runs.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Media threads, 1 to 64. One carries thousands of calls; each session stays on the one it was given.
    pub threads: usize,
    /// Whether the threads go before ordinary work, where the system permits it.
    pub real_time: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { threads: 1, real_time: true }
    }
}

/// Runs media sessions on threads of its own. Dropping it closes them and ends the threads, within a frame.
pub struct Engine {
    shared: Arc<Shared>,
    workers: Vec<(Arc<Worker>, Option<JoinHandle<()>>)>,
    handles: AtomicU32,
}

/// What all threads have in common: whom they tell.
struct Shared {
    pending: Mutex<Vec<Arc<MediaSession>>>,
    /// Whether `wake` was called since the last drain: then the caller is already on the way.
    woken: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
    priority: OnceLock<Priority>,
    real_time: bool,
}

/// One thread's side of the engine.
#[derive(Default)]
struct Worker {
    orders: Mutex<Orders>,
    /// Rings when there are orders while the thread has nothing to do.
    bell: Condvar,
    /// Sessions it has.
    sessions: AtomicUsize,
}

/// What a thread has to take up.
#[derive(Default)]
struct Orders {
    started: Vec<Arc<MediaSession>>,
    stop: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Starts the threads. They call `wake` when [`Engine::drain`] has something to tell: at most once a pass, and not again before
    /// the next drain. `wake` must not block.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(options: EngineOptions, wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        simd::accelerate();
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            woken: AtomicBool::new(false),
            wake: Box::new(wake),
            priority: OnceLock::new(),
            real_time: options.real_time,
        });
        let mut engine = Self { shared, workers: Vec::new(), handles: AtomicU32::new(0) };
        for _ in 0..options.threads.clamp(1, 64) {
            let worker = Arc::new(Worker::default());
            // If one cannot be started, dropping the engine ends those that run.
            let thread = thread::Builder::new().name("sidetone-media".into()).spawn({
                let (worker, shared) = (Arc::clone(&worker), Arc::clone(&engine.shared));
                move || worker.run(&shared)
            })?;
            engine.workers.push((worker, Some(thread)));
        }
        Ok(engine)
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
        if session.configure(parameters)
            && let Some((worker, _)) = self.workers.iter().min_by_key(|(worker, _)| worker.sessions.load(Ordering::Relaxed))
        {
            worker.sessions.fetch_add(1, Ordering::Relaxed);
            lock(&worker.orders).started.push(Arc::clone(session));
            worker.bell.notify_one();
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

    /// What priority the system gave the threads; none while they start.
    pub fn priority(&self) -> Option<Priority> {
        self.shared.priority.get().copied()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for (worker, _) in &self.workers {
            lock(&worker.orders).stop = true;
            worker.bell.notify_one();
        }
        for (_, thread) in &mut self.workers {
            if let Some(thread) = thread.take() {
                // A thread catches its sessions' panics; were there another, the process is better off without this engine.
                let _ = thread.join();
            }
        }
    }
}

impl Worker {
    fn run(&self, shared: &Shared) {
        let _ = shared.priority.set(if shared.real_time { priority::raise() } else { Priority::Normal });
        let begin = clock::now();
        let ticks = |now: u64| (now - begin) / SLOT;
        let mut wheel = Wheel::new();
        let mut round = Round::new();
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
                wheel.serve(tick, ROUND, |due, after| {
                    let closed = round.serve(due, after, &mut news);
                    self.sessions.fetch_sub(closed.count_ones() as usize, Ordering::Relaxed);
                    closed
                });
            }
            served = now;
            shared.tell(&mut news);
        }
    }
}

impl Shared {
    /// Puts sessions among the pending ones, and wakes who drains them.
    fn tell(&self, news: &mut Vec<Arc<MediaSession>>) {
        if news.is_empty() {
            return;
        }
        lock(&self.pending).append(news);
        if !self.woken.swap(true, Ordering::SeqCst) {
            (self.wake)();
        }
    }
}
