//! Sessions that run by themselves on the media thread.
#![allow(missing_docs, reason = "what the methods do is said in contract.ts")]

use crate::convert::{MediaEvent, MediaStatistics, SessionOptions, StreamParameters};
use napi::bindgen_prelude::{ClassInstance, Either, Function, Int16ArraySlice, Uint32ArraySlice, Undefined};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Error, Result, Status};
use napi_derive::napi;
use sidetone_engine as engine;
use std::net::IpAddr;
use std::sync::Arc;

/// Media threads. They end when this object is collected, or with its Node environment (a worker, the process).
#[napi]
pub struct MediaEngine(engine::Engine);

#[napi]
impl MediaEngine {
    /// Starts the threads; `realTime`: before ordinary work where the system permits it. `wake` is called when `drain` has something to tell: once for all sessions, and not again before the next
    /// `drain`. It does not hold the process open.
    #[napi(constructor, catch_unwind)]
    pub fn new(threads: u32, real_time: bool, wake: Function<(), ()>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .weak::<true>()
            // One is enough: a call that waits in the queue will find all there is. More would be calls that find nothing.
            .max_queue_size::<1>()
            .build()?;
        let options = engine::EngineOptions { threads: threads as usize, real_time };
        let engine = engine::Engine::new(options, move || {
            // "Full" means that such a call waits; "closing" that nobody listens any more.
            let _: Status = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(Self(engine.map_err(|error| Error::from_reason(format!("cannot start the media thread: {error}")))?))
    }

    /// Opens a session on a free port between `low` and `high`; null when all are taken. `start` is a random number.
    #[napi(catch_unwind)]
    pub fn open(&self, address: String, low: u16, high: u16, start: u32, options: SessionOptions) -> Result<Option<MediaSession>> {
        let address: IpAddr = address.parse().map_err(|_| Error::new(Status::InvalidArg, format!("{address:?} is not an IP address")))?;
        match self.0.open(address, engine::PortRange { low, high, start }, options.into()) {
            Ok(session) => Ok(Some(MediaSession(session))),
            Err(engine::OpenError::NoPorts) => Ok(None),
            Err(engine::OpenError::Socket(error)) => Err(Error::from_reason(error.to_string())),
        }
    }

    /// The first call starts the session's frame clock.
    #[napi(catch_unwind)]
    pub fn configure(&self, session: &MediaSession, parameters: StreamParameters) -> Result<()> {
        self.0.configure(&session.0, parameters.try_into()?);
        Ok(())
    }

    /// Writes pairs into `news`, a session's handle and its signals: 1 readable, 2 queued, 4 events, 8 failed. Call it until it
    /// tells of none.
    /// @returns how many pairs
    #[napi(catch_unwind)]
    pub fn drain(&self, mut news: Uint32ArraySlice) -> u32 {
        // SAFETY: the slice is the caller's array for the length of this synchronous call, and JavaScript does not run meanwhile.
        let news = unsafe { news.as_mut() };
        let (pairs, _) = news.as_chunks_mut::<2>();
        let mut room = pairs.iter_mut();
        let length = room.len();
        let count = self.0.drain(length, |handle, signals| {
            if let Some(pair) = room.next() {
                *pair = [handle, signals.bits()];
            }
        });
        count as u32
    }

    /// Several sessions whose audio is moved in one call.
    #[napi(catch_unwind)]
    pub fn group(&self, sessions: Vec<ClassInstance<MediaSession>>) -> MediaGroup {
        MediaGroup(engine::MediaGroup::new(sessions.iter().map(|session| Arc::clone(&session.0)).collect()))
    }

    /// The media threads' priority: "real-time", "raised" or "normal"; empty while it starts.
    #[napi(catch_unwind)]
    pub fn priority(&self) -> String {
        self.0.priority().map_or("", engine::Priority::name).to_owned()
    }
}

/// `MediaSession` of contract.ts, without its promises.
#[napi]
pub struct MediaSession(Arc<engine::MediaSession>);

#[napi]
impl MediaSession {
    /// Stands for this session in `drain`.
    #[napi(catch_unwind)]
    pub fn handle(&self) -> u32 {
        self.0.handle()
    }

    /// Where it is bound.
    #[napi(catch_unwind)]
    pub fn local_address(&self) -> String {
        self.0.local_address().ip().to_string()
    }

    /// The port it was given.
    #[napi(catch_unwind)]
    pub fn local_port(&self) -> u16 {
        self.0.local_address().port()
    }

    #[napi(catch_unwind)]
    pub fn write(&self, samples: &[i16]) -> u32 {
        self.0.write(samples) as u32
    }

    #[napi(catch_unwind)]
    pub fn read(&self, mut samples: Int16ArraySlice) -> u32 {
        // SAFETY: the slice is the caller's array for the length of this synchronous call, and JavaScript does not run meanwhile.
        let samples = unsafe { samples.as_mut() };
        self.0.read(samples) as u32
    }

    #[napi(catch_unwind)]
    pub fn clear(&self) -> u32 {
        self.0.clear() as u32
    }

    #[napi(catch_unwind)]
    pub fn send_events(&self, #[napi(ts_arg_type = "readonly number[]")] events: Vec<u8>, duration: u32, gap: u32) -> bool {
        self.0.send_events(&events, duration, gap)
    }

    #[napi(catch_unwind)]
    pub fn statistics(&self) -> MediaStatistics {
        self.0.statistics().into()
    }

    /// True when at least `samples` wait to be read; else one signal comes when they do.
    #[napi(catch_unwind)]
    pub fn want_readable(&self, samples: u32) -> bool {
        self.0.want_readable(samples as usize)
    }

    /// True when at most `samples` are queued for sending; else one signal comes when that is so.
    #[napi(catch_unwind)]
    pub fn want_queued(&self, samples: u32) -> bool {
        self.0.want_queued(samples as usize)
    }

    #[napi(catch_unwind)]
    pub fn poll(&self) -> Either<MediaEvent, Undefined> {
        self.0.poll().map_or(Either::B(()), |event| Either::A(event.into()))
    }

    /// Why the session closed itself; null while it has not.
    #[napi(catch_unwind)]
    pub fn failure(&self) -> Option<String> {
        self.0.failure()
    }

    /// Frees the port before it returns.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}

/// `MediaGroup` of contract.ts.
#[napi]
pub struct MediaGroup(engine::MediaGroup);

#[napi]
impl MediaGroup {
    #[napi(catch_unwind)]
    pub fn read(&self, mut samples: Int16ArraySlice, mut counts: Uint32ArraySlice) -> Result<()> {
        check_apart(samples.as_ref(), counts.as_ref())?;
        // SAFETY: the slices are the caller's arrays for the length of this synchronous call, JavaScript does not run meanwhile, and
        // they do not overlap.
        let (samples, counts) = unsafe { (samples.as_mut(), counts.as_mut()) };
        self.0.read(samples, counts);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn write(&self, samples: &[i16], mut counts: Uint32ArraySlice) -> Result<()> {
        check_apart(samples, counts.as_ref())?;
        // SAFETY: as in `read`.
        let counts = unsafe { counts.as_mut() };
        self.0.write(samples, counts);
        Ok(())
    }
}

/// Two typed arrays may be views of one buffer. Rust must never see the same bytes in both.
fn check_apart(samples: &[i16], counts: &[u32]) -> Result<()> {
    let (samples, counts) = (samples.as_ptr_range(), counts.as_ptr_range());
    let overlap = samples.start.cast::<u8>() < counts.end.cast() && counts.start.cast::<u8>() < samples.end.cast();
    if overlap { Err(Error::new(Status::InvalidArg, "samples and counts overlap: give each memory of its own")) } else { Ok(()) }
}
