//! Any telephone-event packets at any times (RFC 4733): each event that starts ends, once, before the next one starts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_media::Event;
use sidetone_media::dtmf::{EventReceiver, EventSender};
use sidetone_media::event::EventQueue;

fn check(events: &mut EventQueue, sounding: &mut Option<u8>) {
    while let Some(event) = events.poll() {
        match event {
            Event::DtmfStart { event, .. } => assert_eq!(sounding.replace(event), None),
            Event::DtmfEnd { event, .. } => assert_eq!(sounding.take(), Some(event)),
            _ => {}
        }
    }
}

// Each step of 8 bytes: time since the last one (ms), timestamp step (signed, 16 bits, in units of 10), 4 bytes of payload, what to do.
fuzz_target!(|input: &[u8]| {
    let mut receiver = EventReceiver::new();
    let mut sender = EventSender::new();
    let mut events = EventQueue::new();
    let mut own = EventQueue::new();
    let (mut now, mut timestamp, mut sent) = (0_u64, 0_u32, 0_u32);
    let mut sounding = None;
    for step in input.chunks_exact(8) {
        now += u64::from(step[0]) * 1_000;
        timestamp = timestamp.wrapping_add_signed(i32::from(i16::from_le_bytes([step[1], step[2]])) * 10);
        match step[7] & 7 {
            0 => receiver.expire(now, &mut events),
            1 => receiver.reset(&mut events),
            2 => {
                sender.queue(&step[3..5], u32::from(step[5]) * 40, u32::from(step[6]));
            }
            3 => sender.interrupt(&mut own),
            4 => sender.cancel(&mut own),
            _ => receiver.receive(now, timestamp, &step[3..7], &mut events),
        }
        let mut payload = [0; 160];
        sender.next(sent, 160, &mut payload, &mut own);
        sent = sent.wrapping_add(160 * (1 + u32::from(step[0] == 255)));
        while own.poll().is_some() {}
        check(&mut events, &mut sounding);
    }
    receiver.expire(u64::MAX, &mut events);
    check(&mut events, &mut sounding);
    assert_eq!(sounding, None, "an event that never ends");
});
