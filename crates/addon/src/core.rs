//! A session without socket or clock, for tests and simulators.
#![allow(missing_docs, reason = "what the methods do is said in contract.ts")]

use crate::convert::{MediaEvent, MediaStatistics, SessionOptions, StreamParameters, endpoint};
use napi::Result;
use napi::bindgen_prelude::{Either, Int16ArraySlice, Uint8ArraySlice, Undefined};
use napi_derive::napi;
use sidetone_media::Session;

/// `SessionCore` of contract.ts.
#[napi]
pub struct SessionCore(Session);

#[napi]
impl SessionCore {
    /// A session that is not configured yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: SessionOptions) -> Self {
        Self(Session::new(options.into()))
    }

    #[napi(catch_unwind)]
    pub fn configure(&mut self, parameters: StreamParameters) -> Result<()> {
        self.0.configure(parameters.try_into()?);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn receive(&mut self, now: f64, address: String, port: u16, datagram: &[u8]) -> Result<()> {
        self.0.receive(now as u64, endpoint("address", &address, port)?, datagram);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn receive_rtcp(&mut self, now: f64, address: String, port: u16, datagram: &[u8]) -> Result<()> {
        self.0.receive_rtcp(now as u64, endpoint("address", &address, port)?, datagram);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn tick(&mut self, now: f64, skipped: u32, mut packet: Uint8ArraySlice) -> u32 {
        // SAFETY: the slice is the caller's array for the length of this synchronous call, and JavaScript does not run meanwhile.
        let packet = unsafe { packet.as_mut() };
        self.0.tick(now as u64, skipped, packet) as u32
    }

    #[napi(catch_unwind)]
    pub fn more(&mut self, mut packet: Uint8ArraySlice) -> u32 {
        // SAFETY: as in `tick`.
        let packet = unsafe { packet.as_mut() };
        self.0.more(packet) as u32
    }

    #[napi(catch_unwind)]
    pub fn tick_rtcp(&mut self, now: f64, mut packet: Uint8ArraySlice) -> u32 {
        // SAFETY: as in `tick`.
        let packet = unsafe { packet.as_mut() };
        self.0.tick_rtcp(now as u64, packet) as u32
    }

    #[napi(catch_unwind)]
    pub fn bye(&mut self, now: f64, mut packet: Uint8ArraySlice) -> u32 {
        // SAFETY: as in `tick`.
        let packet = unsafe { packet.as_mut() };
        self.0.bye(now as u64, packet) as u32
    }

    #[napi(catch_unwind)]
    pub fn rtcp_destination(&self) -> String {
        self.0.rtcp_destination().map_or_else(String::new, |destination| destination.to_string())
    }

    #[napi(catch_unwind)]
    pub fn destination(&self) -> String {
        self.0.destination().map_or_else(String::new, |destination| destination.to_string())
    }

    #[napi(catch_unwind)]
    pub fn write(&mut self, samples: &[i16]) -> u32 {
        self.0.write(samples) as u32
    }

    #[napi(catch_unwind)]
    pub fn read(&mut self, mut samples: Int16ArraySlice) -> u32 {
        // SAFETY: as in `tick`.
        let samples = unsafe { samples.as_mut() };
        self.0.read(samples) as u32
    }

    #[napi(catch_unwind)]
    pub fn clear(&mut self) -> u32 {
        self.0.clear() as u32
    }

    #[napi(catch_unwind)]
    pub fn send_events(&mut self, #[napi(ts_arg_type = "readonly number[]")] events: Vec<u8>, duration: u32, gap: u32) -> bool {
        self.0.send_events(&events, duration, gap)
    }

    #[napi(catch_unwind)]
    pub fn poll(&mut self) -> Either<MediaEvent, Undefined> {
        self.0.poll().map_or(Either::B(()), |event| Either::A(event.into()))
    }

    #[napi(catch_unwind)]
    pub fn statistics(&self) -> MediaStatistics {
        self.0.statistics().into()
    }
}
