//! Nanoseconds for 160 samples of G.711, for each level of vector instructions that this processor has, as JSON. The least of many
//! short runs: whatever else the machine does makes a run longer, never shorter. Levels take turns.

use sidetone_engine::levels;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 2_000;
const FRAMES: u32 = 200;

fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..FRAMES {
        work();
    }
    start.elapsed().as_nanos() as f64 / f64::from(FRAMES)
}

fn main() {
    let samples: [i16; 160] = std::array::from_fn(|index| ((index * 7_919) % 65_536) as u16 as i16);
    let mut codes = [0; 160];
    let mut heard = [0; 160];
    let levels = levels();
    let mut best = vec![[f64::MAX; 4]; levels.len()];
    for _ in 0..ROUNDS {
        for (level, best) in levels.iter().zip(&mut best) {
            let codec = black_box(level.codec);
            best[0] = best[0].min(time(|| (codec.encode_ulaw)(black_box(&samples), black_box(&mut codes))));
            best[1] = best[1].min(time(|| (codec.encode_alaw)(black_box(&samples), black_box(&mut codes))));
            best[2] = best[2].min(time(|| (codec.decode_ulaw)(black_box(&codes), black_box(&mut heard))));
            best[3] = best[3].min(time(|| (codec.decode_alaw)(black_box(&codes), black_box(&mut heard))));
        }
    }
    let lines: Vec<String> = (levels.iter().zip(&best))
        .map(|(level, [encode_ulaw, encode_alaw, decode_ulaw, decode_alaw])| {
            format!(
                r#"{{"level":"{}","encodeUlaw":{encode_ulaw:.1},"encodeAlaw":{encode_alaw:.1},"decodeUlaw":{decode_ulaw:.1},"decodeAlaw":{decode_alaw:.1}}}"#,
                level.name
            )
        })
        .collect();
    println!("[{}]", lines.join(","));
}
