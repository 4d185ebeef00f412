//! The Node addon: the only crate that knows Node-API. It converts arguments and results, catches panics, and does nothing else;
//! what the calls mean is written in `ts/media/contract.ts`.
//!
//! Rules here: sample arrays belong to the caller and are copied in and out of, so nothing is allocated per packet; every export
//! says `catch_unwind`, so that a defect becomes a JavaScript exception and not the end of the process.

pub mod codec;
pub mod convert;
pub mod core;
pub mod engine;

/// Node loads this file once for a process, whichever worker is first.
#[napi_derive::module_init]
fn init() {
    sidetone_engine::accelerate();
}
