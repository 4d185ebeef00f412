//! G.711 over whole arrays.

use crate::convert::Encoding;
use napi::bindgen_prelude::{Int16ArraySlice, Uint8ArraySlice};
use napi_derive::napi;
use sidetone_media::g711;

/// Encodes `samples` into `payload`, one byte a sample.
/// @returns bytes written: the shorter of both lengths
#[napi(catch_unwind)]
pub fn encode(encoding: Encoding, samples: &[i16], mut payload: Uint8ArraySlice) -> u32 {
    // SAFETY: the slice is the caller's array for the length of this synchronous call, and JavaScript does not run meanwhile.
    let payload = unsafe { payload.as_mut() };
    g711::encode(encoding.into(), samples, payload) as u32
}

/// Decodes `payload` into `samples`.
/// @returns samples written: the shorter of both lengths
#[napi(catch_unwind)]
pub fn decode(encoding: Encoding, payload: &[u8], mut samples: Int16ArraySlice) -> u32 {
    // SAFETY: as in `encode`.
    let samples = unsafe { samples.as_mut() };
    g711::decode(encoding.into(), payload, samples) as u32
}
