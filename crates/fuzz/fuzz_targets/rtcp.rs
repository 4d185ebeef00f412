//! Any bytes as a compound RTCP packet (RFC 3550 §6.1, A.2): what passes the checks is read without a panic, and what is refused is not
//! read at all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_media::rtcp;

// The first byte: whether reduced size (RFC 5506) was agreed, and how near our SSRCs are to those in the packet.
fuzz_target!(|input: &[u8]| {
    let Some((&how, datagram)) = input.split_first() else { return };
    let reduced_size = how & 1 != 0;
    let word = |at: usize| datagram.get(at..at + 4).map_or(7, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let (ours, theirs) = if how & 2 != 0 { (word(8), word(4)) } else { (7, 8) };
    let compound = rtcp::parse(datagram, reduced_size, ours, theirs);
    if !rtcp::check(datagram, reduced_size) {
        assert!(compound.is_none());
    }
    rtcp::is_rtcp(datagram);
});
