//! Any audio packets at any times, in any order, with frames played between them: the playout never panics, its counters add up, and
//! its delay stays within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_media::playout::Playout;
use sidetone_media::{Encoding, FRAME};

// Each step of 6 bytes: what to do and how long since the last step, sequence step, timestamp step, payload length.
fuzz_target!(|input: &[u8]| {
    let Some((&[minimum, maximum], steps)) = input.split_first_chunk() else { return };
    let mut playout = Playout::new(u32::from(minimum), u32::from(maximum) * 2);
    let payload = [0x55; 960];
    let mut frame = [0; FRAME];
    let (mut now, mut sequence, mut timestamp) = (0_i64, 65_536_i64, 0_u32);
    let mut played = 0;
    for step in steps.chunks_exact(6) {
        let [kind, forth, ahead, low, high, length] = step else { continue };
        now += i64::from(kind >> 2) * 16;
        sequence += i64::from(*forth as i8);
        timestamp = timestamp.wrapping_add_signed(i32::from(i16::from_le_bytes([*low, *high])) * if *ahead > 250 { 1_000 } else { 1 });
        match kind & 3 {
            0 => {
                let encoding = if forth & 1 == 0 { Encoding::Pcmu } else { Encoding::Pcma };
                playout.receive(now, sequence, timestamp, encoding, &payload[..usize::from(*length) * 3]);
            }
            1 => playout.receive_event(sequence),
            2 if *length > 252 => playout.reset(),
            _ => {
                playout.play(now, &mut frame);
                played += FRAME as u64;
            }
        }
        assert_eq!(playout.played, played);
        assert!(playout.concealed <= playout.played);
        assert!(playout.delay() <= 8_000);
    }
});
