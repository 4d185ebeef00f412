//! AVX-512 (its parts F, BW and VL): as AVX2, 32 samples at a time both ways.

use super::{BASELINE, Codec};
use std::arch::x86_64::*;

pub const CODEC: Codec = Codec {
    encode_ulaw: in_blocks!("avx512f,avx512bw,avx512vl", 32, encode_ulaw, encode_ulaw, i16 => u8),
    encode_alaw: in_blocks!("avx512f,avx512bw,avx512vl", 32, encode_alaw, encode_alaw, i16 => u8),
    decode_ulaw: in_blocks!("avx512f,avx512bw,avx512vl", 32, decode_ulaw, decode_ulaw, u8 => i16),
    decode_alaw: in_blocks!("avx512f,avx512bw,avx512vl", 32, decode_alaw, decode_alaw, u8 => i16),
};

/// See avx2.rs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn to_float(magnitudes: __m512i) -> __m512i {
    let zero = _mm512_setzero_si512();
    let low = _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_unpacklo_epi16(magnitudes, zero)));
    let high = _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_unpackhi_epi16(magnitudes, zero)));
    _mm512_packus_epi32(_mm512_srli_epi32::<19>(low), _mm512_srli_epi32::<19>(high))
}

/// Encodes a block; `law` makes the seven bits of a code from a magnitude, `flip` is what the law inverts.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn encode(samples: &[i16; 32], codes: &mut [u8; 32], law: impl Fn(__m512i) -> __m512i, flip: i16) {
    // SAFETY: the block is 64 bytes; the load needs no alignment.
    let samples = unsafe { _mm512_loadu_si512(samples.as_ptr().cast()) };
    let sign = _mm512_srai_epi16::<15>(samples);
    let bits = law(_mm512_xor_si512(samples, sign));
    // a ^ (b & c)
    let signed = _mm512_ternarylogic_epi64::<0x78>(bits, sign, _mm512_set1_epi16(0x80));
    let packed = _mm512_cvtepi16_epi8(_mm512_xor_si512(signed, _mm512_set1_epi16(flip)));
    // SAFETY: the block is 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(codes.as_mut_ptr().cast(), packed) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn encode_ulaw(samples: &[i16; 32], codes: &mut [u8; 32]) {
    let law = |magnitude| _mm512_sub_epi16(to_float(_mm512_adds_epi16(magnitude, _mm512_set1_epi16(132))), _mm512_set1_epi16(134 << 4));
    encode(samples, codes, law, 0xff);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn encode_alaw(samples: &[i16; 32], codes: &mut [u8; 32]) {
    let law = |magnitude| {
        let above = _mm512_sub_epi16(to_float(_mm512_max_epi16(magnitude, _mm512_set1_epi16(256))), _mm512_set1_epi16(135 << 4));
        _mm512_add_epi16(above, _mm512_min_epi16(_mm512_srli_epi16::<4>(magnitude), _mm512_set1_epi16(16)))
    };
    encode(samples, codes, law, 0xd5);
}

/// A block's codes, each in 16 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load(codes: &[u8; 32]) -> __m512i {
    // SAFETY: the block is 32 bytes; the load needs no alignment.
    _mm512_cvtepu8_epi16(unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) })
}

/// Stores magnitudes, negative where `codes` has no sign bit.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn store(magnitudes: __m512i, codes: __m512i, samples: &mut [i16; 32]) {
    let negative = _mm512_testn_epi16_mask(codes, _mm512_set1_epi16(0x80));
    let signed = _mm512_mask_sub_epi16(magnitudes, negative, _mm512_setzero_si512(), magnitudes);
    // SAFETY: the block is 64 bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(samples.as_mut_ptr().cast(), signed) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn decode_ulaw(codes: &[u8; 32], samples: &mut [i16; 32]) {
    let codes = load(codes);
    let inverted = _mm512_xor_si512(codes, _mm512_set1_epi16(0xff));
    let segment = _mm512_and_si512(_mm512_srli_epi16::<4>(inverted), _mm512_set1_epi16(7));
    let mantissa = _mm512_and_si512(_mm512_slli_epi16::<3>(inverted), _mm512_set1_epi16(0x78));
    let bias = _mm512_set1_epi16(132);
    store(_mm512_sub_epi16(_mm512_sllv_epi16(_mm512_add_epi16(mantissa, bias), segment), bias), codes, samples);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn decode_alaw(codes: &[u8; 32], samples: &mut [i16; 32]) {
    let codes = _mm512_xor_si512(load(codes), _mm512_set1_epi16(0x55));
    let segment = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), _mm512_set1_epi16(7));
    let hidden = _mm512_min_epu16(segment, _mm512_set1_epi16(1));
    let mantissa = _mm512_and_si512(_mm512_slli_epi16::<4>(codes), _mm512_set1_epi16(0xf0));
    let middle = _mm512_or_si512(_mm512_or_si512(mantissa, _mm512_slli_epi16::<8>(hidden)), _mm512_set1_epi16(8));
    store(_mm512_sllv_epi16(middle, _mm512_sub_epi16(segment, hidden)), codes, samples);
}
