//! Any bytes as an RTP packet (RFC 3550 §5.1): what is parsed lies within them, and a header written again reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_media::rtp;

fuzz_target!(|datagram: &[u8]| {
    let Some(header) = rtp::parse(datagram) else { return };
    assert!(header.payload_start >= rtp::HEADER_LENGTH);
    assert!(header.payload_start <= header.payload_end && header.payload_end <= datagram.len());
    let mut packet = [0; rtp::HEADER_LENGTH + 1];
    rtp::write_header(&mut packet, header.marker, header.payload_type, header.sequence, header.timestamp, header.ssrc);
    let again = rtp::parse(&packet).expect("a header that we wrote");
    assert_eq!(
        (again.marker, again.payload_type, again.sequence, again.timestamp, again.ssrc),
        (header.marker, header.payload_type, header.sequence, header.timestamp, header.ssrc)
    );
});
