//! AVX2: the core's arithmetic, 32 samples at a time encoded and 16 decoded.

use super::{BASELINE, Codec};
use std::arch::x86_64::*;

pub const CODEC: Codec = Codec {
    encode_ulaw: in_blocks!("avx2", 32, encode_ulaw, encode_ulaw, i16 => u8),
    encode_alaw: in_blocks!("avx2", 32, encode_alaw, encode_alaw, i16 => u8),
    decode_ulaw: in_blocks!("avx2", 16, decode_ulaw, decode_ulaw, u8 => i16),
    decode_alaw: in_blocks!("avx2", 16, decode_alaw, decode_alaw, u8 => i16),
};

/// Exponent and upper four bits of mantissa of each magnitude as a float. In and out are 16 bits wide; unpacking and packing again
/// keep the order.
#[target_feature(enable = "avx2")]
fn to_float(magnitudes: __m256i) -> __m256i {
    let zero = _mm256_setzero_si256();
    let low = _mm256_castps_si256(_mm256_cvtepi32_ps(_mm256_unpacklo_epi16(magnitudes, zero)));
    let high = _mm256_castps_si256(_mm256_cvtepi32_ps(_mm256_unpackhi_epi16(magnitudes, zero)));
    _mm256_packus_epi32(_mm256_srli_epi32::<19>(low), _mm256_srli_epi32::<19>(high))
}

/// Encodes a block; `law` makes the seven bits of a code from a magnitude, `flip` is what the law inverts.
#[inline]
#[target_feature(enable = "avx2")]
fn encode(samples: &[i16; 32], codes: &mut [u8; 32], law: impl Fn(__m256i) -> __m256i, flip: i8) {
    // SAFETY: the block is 64 bytes; the load needs no alignment.
    let (first, second) = unsafe { (_mm256_loadu_si256(samples.as_ptr().cast()), _mm256_loadu_si256(samples[16..].as_ptr().cast())) };
    let (first_sign, second_sign) = (_mm256_srai_epi16::<15>(first), _mm256_srai_epi16::<15>(second));
    let bits = _mm256_packus_epi16(law(_mm256_xor_si256(first, first_sign)), law(_mm256_xor_si256(second, second_sign)));
    let sign = _mm256_and_si256(_mm256_packs_epi16(first_sign, second_sign), _mm256_set1_epi8(-128));
    let packed = _mm256_xor_si256(_mm256_xor_si256(bits, sign), _mm256_set1_epi8(flip));
    // Packing goes by halves of 128 bits: the middle quarters change places.
    let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
    // SAFETY: the block is 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(codes.as_mut_ptr().cast(), ordered) };
}

#[inline]
#[target_feature(enable = "avx2")]
fn encode_ulaw(samples: &[i16; 32], codes: &mut [u8; 32]) {
    // The saturating addition clips: 32,767 has the code of 32,635 + 132.
    let law = |magnitude| _mm256_sub_epi16(to_float(_mm256_adds_epi16(magnitude, _mm256_set1_epi16(132))), _mm256_set1_epi16(134 << 4));
    encode(samples, codes, law, -1);
}

#[inline]
#[target_feature(enable = "avx2")]
fn encode_alaw(samples: &[i16; 32], codes: &mut [u8; 32]) {
    // Up to 256 the code is a sixteenth, above it the float's bits; each stands still while the other counts.
    let law = |magnitude| {
        let above = _mm256_sub_epi16(to_float(_mm256_max_epi16(magnitude, _mm256_set1_epi16(256))), _mm256_set1_epi16(135 << 4));
        _mm256_add_epi16(above, _mm256_min_epi16(_mm256_srli_epi16::<4>(magnitude), _mm256_set1_epi16(16)))
    };
    encode(samples, codes, law, 0xd5_u8 as i8);
}

/// A block's codes, each in 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn load(codes: &[u8; 16]) -> __m256i {
    // SAFETY: the block is 16 bytes; the load needs no alignment.
    _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(codes.as_ptr().cast()) })
}

/// Stores magnitudes, negative where `codes` has no sign bit.
#[inline]
#[target_feature(enable = "avx2")]
fn store(magnitudes: __m256i, codes: __m256i, samples: &mut [i16; 16]) {
    // Odd, so never zero, which would make the sample zero.
    let sign = _mm256_sub_epi16(_mm256_add_epi16(codes, codes), _mm256_set1_epi16(255));
    // SAFETY: the block is 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(samples.as_mut_ptr().cast(), _mm256_sign_epi16(magnitudes, sign)) };
}

#[inline]
#[target_feature(enable = "avx2")]
fn decode_ulaw(codes: &[u8; 16], samples: &mut [i16; 16]) {
    let codes = load(codes);
    // The step of each segment, by the code's upper half as it is (inverted). The upper byte of each number looks up the first step
    // too: times an even mantissa that is a multiple of 65,536, and gone.
    let steps = _mm256_set1_epi64x(0x01_02_04_08_10_20_40_80);
    let step = _mm256_shuffle_epi8(steps, _mm256_srli_epi16::<4>(codes));
    let mantissa = _mm256_andnot_si256(_mm256_slli_epi16::<3>(codes), _mm256_set1_epi16(0x78));
    let bias = _mm256_set1_epi16(132);
    store(_mm256_sub_epi16(_mm256_mullo_epi16(_mm256_add_epi16(mantissa, bias), step), bias), codes, samples);
}

#[inline]
#[target_feature(enable = "avx2")]
fn decode_alaw(codes: &[u8; 16], samples: &mut [i16; 16]) {
    let codes = _mm256_xor_si256(load(codes), _mm256_set1_epi16(0x55));
    let steps = _mm256_set1_epi64x(0x40_20_10_08_04_02_01_01);
    // The upper byte of an index has its highest bit set: it looks up nothing.
    let step = _mm256_shuffle_epi8(steps, _mm256_or_si256(_mm256_srli_epi16::<4>(codes), _mm256_set1_epi16(i16::MIN)));
    // All segments but the first have a hidden one above their mantissa.
    let hidden = _mm256_min_epi16(_mm256_and_si256(codes, _mm256_set1_epi16(0x70)), _mm256_set1_epi16(0x10));
    let mantissa = _mm256_or_si256(_mm256_and_si256(codes, _mm256_set1_epi16(0x0f)), hidden);
    let middle = _mm256_or_si256(_mm256_slli_epi16::<4>(mantissa), _mm256_set1_epi16(8));
    store(_mm256_mullo_epi16(middle, step), codes, samples);
}
