//! ITU-T G.711, exact to the reference of ITU-T G.191 for every input.
//!
//! A compressed code is a little floating-point number: sign, 3 bits of exponent, 4 of mantissa. So the hardware's own conversion
//! from integer to `f32` finds the segment: after it, exponent and upper mantissa lie side by side in the bits. Encoding takes no
//! table, no branch, no search for the highest bit; the compiler turns the loops into vector code. The magnitude of a negative
//! sample is its one's complement, as in the reference: two's complement would put 127 of 65,536 inputs one code off.
//!
//! This is what every processor can do. What the one at hand can do beyond takes `unsafe` to find out and call, which has no place
//! in this crate: the engine gives it to [`accelerate`].

use std::sync::OnceLock;

/// RTP/AVP encodings that the media core decodes and encodes (RFC 3551 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

/// The µ-law code of sample 0.
pub const ULAW_SILENCE: u8 = 0xff;
/// The A-law code of sample 0; A-law has no zero, it decodes to 8.
pub const ALAW_SILENCE: u8 = 0xd5;

/// 33 quantisation steps of 4, in units of 16-bit samples: µ-law's segments become powers of two when this is added.
const ULAW_BIAS: i32 = 132;
/// Beyond this magnitude µ-law clips.
const ULAW_CLIP: i32 = 32_631;
/// Bits below the 4 of a code's mantissa in an `f32`.
const SHIFT: u32 = 19;

/// Recommendation G.711, Table 3: the A-law magnitude for each µ-law magnitude. Decoding and encoding again would differ from it in
/// 44 of 256 codes.
#[rustfmt::skip]
const ULAW_TO_ALAW: [u8; 128] = [
    0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
    8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 26, 28, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    45, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
    63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78,
    79, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
];

/// Table 4: the µ-law magnitude for each A-law magnitude. Decoding and encoding again would differ from it in 32 of 256 codes.
#[rustfmt::skip]
const ALAW_TO_ULAW: [u8; 128] = [
    1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34, 35, 35,
    36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 48, 49, 49,
    50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 64,
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
    80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
];

fn ulaw_from_linear(sample: i16) -> u8 {
    let sign = i32::from(sample) >> 31;
    // The lowest two bits are below µ-law's 14-bit resolution.
    let magnitude = ((i32::from(sample) ^ sign) & !3).min(ULAW_CLIP);
    // 134 is the biased exponent of 128, where the first segment starts.
    let code = ((magnitude + ULAW_BIAS) as f32).to_bits() as i32 >> SHIFT;
    !((code - (134 << 4)) | (sign & 0x80)) as u8
}

fn alaw_from_linear(sample: i16) -> u8 {
    let sign = i32::from(sample) >> 31;
    let magnitude = i32::from(sample) ^ sign;
    // The first two segments share one step, so the first is no power of two: lifted by one segment, then put back.
    let first = i32::from(magnitude < 256);
    let code = ((magnitude + (first << 8)) as f32).to_bits() as i32 >> SHIFT;
    // 135 is the biased exponent of 256.
    (((code - (135 << 4) + 16 - (first << 4)) | (!sign & 0x80)) ^ 0x55) as u8
}

const fn ulaw_to_linear(code: u8) -> i16 {
    let code = !code as i32;
    // The half step that the reference adds (reconstruction in the middle of the interval) is the bit below the mantissa.
    let bits = (((134 << 4) + (code & 0x7f)) << SHIFT) | 1 << (SHIFT - 1);
    let magnitude = f32::from_bits(bits as u32) as i32 - ULAW_BIAS;
    let sign = -(code >> 7);
    ((magnitude ^ sign) - sign) as i16
}

const fn alaw_to_linear(code: u8) -> i16 {
    let code = (code ^ 0x55) as i32;
    let first = (code & 0x70 == 0) as i32;
    let bits = (((134 << 4) + (code & 0x7f) + (first << 4)) << SHIFT) | 1 << (SHIFT - 1);
    let magnitude = f32::from_bits(bits as u32) as i32 - (first << 8);
    // In A-law a set sign bit means positive.
    let sign = (code >> 7) - 1;
    ((magnitude ^ sign) - sign) as i16
}

/// A look-up decodes faster than arithmetic: a float's conversion to an integer has to care for NaN and overflow.
static ULAW_DECODED: [i16; 256] = {
    let mut samples = [0; 256];
    let mut code = 0;
    while code < 256 {
        samples[code] = ulaw_to_linear(code as u8);
        code += 1;
    }
    samples
};

static ALAW_DECODED: [i16; 256] = {
    let mut samples = [0; 256];
    let mut code = 0;
    while code < 256 {
        samples[code] = alaw_to_linear(code as u8);
        code += 1;
    }
    samples
};

/// Both laws both ways, over as many samples and codes as the shorter slice has.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// To µ-law.
    pub encode_ulaw: fn(&[i16], &mut [u8]),
    /// To A-law.
    pub encode_alaw: fn(&[i16], &mut [u8]),
    /// From µ-law.
    pub decode_ulaw: fn(&[u8], &mut [i16]),
    /// From A-law.
    pub decode_alaw: fn(&[u8], &mut [i16]),
}

/// What runs on every processor: SSE2 on x86-64, NEON on 64-bit ARM.
pub const BASELINE: Codec = Codec {
    encode_ulaw: |samples, codes| {
        for (code, &sample) in codes.iter_mut().zip(samples) {
            *code = ulaw_from_linear(sample);
        }
    },
    encode_alaw: |samples, codes| {
        for (code, &sample) in codes.iter_mut().zip(samples) {
            *code = alaw_from_linear(sample);
        }
    },
    decode_ulaw: |codes, samples| {
        for (sample, &code) in samples.iter_mut().zip(codes) {
            *sample = ULAW_DECODED[usize::from(code)];
        }
    },
    decode_alaw: |codes, samples| {
        for (sample, &code) in samples.iter_mut().zip(codes) {
            *sample = ALAW_DECODED[usize::from(code)];
        }
    },
};

/// Every codec gives the same codes and samples, so that it changes no result who set this when.
static CODEC: OnceLock<Codec> = OnceLock::new();

/// Takes the codec for this process from now on; the first one that is given stays. It must give what [`BASELINE`] gives, faster.
pub fn accelerate(codec: Codec) {
    CODEC.get_or_init(|| codec);
}

fn codec() -> &'static Codec {
    CODEC.get().unwrap_or(&BASELINE)
}

/// Encodes into `codes`, one byte a sample. Returns how many: the shorter of both lengths.
pub fn encode_ulaw(samples: &[i16], codes: &mut [u8]) -> usize {
    (codec().encode_ulaw)(samples, codes);
    samples.len().min(codes.len())
}

/// Encodes into `codes`, one byte a sample. Returns how many: the shorter of both lengths.
pub fn encode_alaw(samples: &[i16], codes: &mut [u8]) -> usize {
    (codec().encode_alaw)(samples, codes);
    samples.len().min(codes.len())
}

/// Decodes into `samples`, one a byte. Returns how many: the shorter of both lengths.
pub fn decode_ulaw(codes: &[u8], samples: &mut [i16]) -> usize {
    (codec().decode_ulaw)(codes, samples);
    samples.len().min(codes.len())
}

/// Decodes into `samples`, one a byte. Returns how many: the shorter of both lengths.
pub fn decode_alaw(codes: &[u8], samples: &mut [i16]) -> usize {
    (codec().decode_alaw)(codes, samples);
    samples.len().min(codes.len())
}

/// Encodes in either law. Returns how many: the shorter of both lengths.
pub fn encode(encoding: Encoding, samples: &[i16], codes: &mut [u8]) -> usize {
    match encoding {
        Encoding::Pcmu => encode_ulaw(samples, codes),
        Encoding::Pcma => encode_alaw(samples, codes),
    }
}

/// Decodes from either law. Returns how many: the shorter of both lengths.
pub fn decode(encoding: Encoding, codes: &[u8], samples: &mut [i16]) -> usize {
    match encoding {
        Encoding::Pcmu => decode_ulaw(codes, samples),
        Encoding::Pcma => decode_alaw(codes, samples),
    }
}

/// Converts µ-law codes to A-law directly. Returns how many: the shorter of both lengths.
pub fn ulaw_to_alaw(ulaw: &[u8], alaw: &mut [u8]) -> usize {
    for (to, &from) in alaw.iter_mut().zip(ulaw) {
        *to = ULAW_TO_ALAW[usize::from(!from & 0x7f)] ^ (from & 0x80) ^ 0x55;
    }
    ulaw.len().min(alaw.len())
}

/// Converts A-law codes to µ-law directly. Returns how many: the shorter of both lengths.
pub fn alaw_to_ulaw(alaw: &[u8], ulaw: &mut [u8]) -> usize {
    for (to, &from) in ulaw.iter_mut().zip(alaw) {
        *to = (ALAW_TO_ULAW[usize::from((from ^ 0x55) & 0x7f)] ^ 0x7f) | (from & 0x80);
    }
    alaw.len().min(ulaw.len())
}

/// The code of sample 0.
pub fn silence(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Pcmu => ULAW_SILENCE,
        Encoding::Pcma => ALAW_SILENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_ends_and_zeros_are_the_references() {
        let samples = [0, -1, i16::MIN, i16::MAX];
        let mut codes = [0; 4];
        encode_ulaw(&samples, &mut codes);
        assert_eq!(codes, [0xff, 0x7f, 0x00, 0x80]);
        encode_alaw(&samples, &mut codes);
        assert_eq!(codes, [0xd5, 0x55, 0x2a, 0xaa]);
        let mut decoded = [1; 2];
        decode_ulaw(&[0x7f, 0xff], &mut decoded);
        assert_eq!(decoded, [0, 0]);
        decode_ulaw(&[0x00, 0x80], &mut decoded);
        assert_eq!(decoded, [-32_124, 32_124]);
        decode_alaw(&[0x2a, 0xaa], &mut decoded);
        assert_eq!(decoded, [-32_256, 32_256]);
    }

    #[test]
    fn decoding_again_changes_nothing() {
        for code in 0..=255_u8 {
            let linear = alaw_to_linear(code);
            assert_eq!(alaw_to_linear(alaw_from_linear(linear)), linear);
            let linear = ulaw_to_linear(code);
            assert_eq!(ulaw_to_linear(ulaw_from_linear(linear)), linear);
        }
    }
}
