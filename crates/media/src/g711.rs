//! ITU-T G.711, exact to the reference of ITU-T G.191 for every input.
//!
//! A compressed code is a little floating-point number: sign, 3 bits of exponent, 4 of mantissa. So the hardware's own conversion
//! from integer to `f32` finds the segment: after it, exponent and upper mantissa lie side by side in the bits. No table, no
//! branch, no search for the highest bit; the compiler turns the loops into vector code. The magnitude of a negative sample is its
//! one's complement, as in the reference: two's complement would put 127 of 65,536 inputs one code off.

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

fn ulaw_to_linear(code: u8) -> i16 {
    let code = i32::from(!code);
    // The half step that the reference adds (reconstruction in the middle of the interval) is the bit below the mantissa.
    let bits = (((134 << 4) + (code & 0x7f)) << SHIFT) | 1 << (SHIFT - 1);
    let magnitude = f32::from_bits(bits as u32) as i32 - ULAW_BIAS;
    let sign = -(code >> 7);
    ((magnitude ^ sign) - sign) as i16
}

fn alaw_to_linear(code: u8) -> i16 {
    let code = i32::from(code ^ 0x55);
    let first = i32::from(code & 0x70 == 0);
    let bits = (((134 << 4) + (code & 0x7f) + (first << 4)) << SHIFT) | 1 << (SHIFT - 1);
    let magnitude = f32::from_bits(bits as u32) as i32 - (first << 8);
    // In A-law a set sign bit means positive.
    let sign = (code >> 7) - 1;
    ((magnitude ^ sign) - sign) as i16
}

/// Encodes into `codes`, one byte a sample. Returns how many: the shorter of both lengths.
pub fn encode_ulaw(samples: &[i16], codes: &mut [u8]) -> usize {
    for (code, &sample) in codes.iter_mut().zip(samples) {
        *code = ulaw_from_linear(sample);
    }
    samples.len().min(codes.len())
}

/// Encodes into `codes`, one byte a sample. Returns how many: the shorter of both lengths.
pub fn encode_alaw(samples: &[i16], codes: &mut [u8]) -> usize {
    for (code, &sample) in codes.iter_mut().zip(samples) {
        *code = alaw_from_linear(sample);
    }
    samples.len().min(codes.len())
}

/// Decodes into `samples`, one a byte. Returns how many: the shorter of both lengths.
pub fn decode_ulaw(codes: &[u8], samples: &mut [i16]) -> usize {
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = ulaw_to_linear(code);
    }
    samples.len().min(codes.len())
}

/// Decodes into `samples`, one a byte. Returns how many: the shorter of both lengths.
pub fn decode_alaw(codes: &[u8], samples: &mut [i16]) -> usize {
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = alaw_to_linear(code);
    }
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
