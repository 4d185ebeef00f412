//! RTP's fixed header (RFC 3550 §5.1): read with every length checked, and written.

use crate::bytes::{read_u16, read_u32};

/// Bytes of a header without CSRC list or extension: the only kind we write.
pub const HEADER_LENGTH: usize = 12;

/// What an RTP packet says of itself, and where in the datagram its payload lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The profile's mark: in audio, the first packet of a talkspurt (RFC 3551 §4.1).
    pub marker: bool,
    /// 0–127.
    pub payload_type: u8,
    /// One more than the packet before, modulo 2^16.
    pub sequence: u16,
    /// When the first sample was taken, in samples, modulo 2^32.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// Offset of the payload's first byte.
    pub payload_start: usize,
    /// Offset behind its last byte: padding is left out.
    pub payload_end: usize,
}

/// Reads the header of a datagram that may be anything. None when it is no RTP version 2 packet or contradicts itself: the CSRC
/// list, the extension or the padding would not fit.
pub fn parse(datagram: &[u8]) -> Option<Header> {
    let length = datagram.len();
    if length < HEADER_LENGTH || datagram[0] >> 6 != 2 {
        return None;
    }
    let mut start = HEADER_LENGTH + 4 * usize::from(datagram[0] & 0x0f);
    if datagram[0] & 0x10 != 0 {
        // §5.3.1: 16 bits for the profile, then the length in 32-bit words without these four bytes.
        if start + 4 > length {
            return None;
        }
        start += 4 + 4 * usize::from(read_u16(datagram, start + 2));
    }
    let mut end = length;
    if datagram[0] & 0x20 != 0 {
        // The last byte counts the padding, itself included: 0 is a contradiction.
        let padding = usize::from(datagram[length - 1]);
        if padding == 0 || padding > length {
            return None;
        }
        end -= padding;
    }
    if start > end {
        return None;
    }
    Some(Header {
        marker: datagram[1] & 0x80 != 0,
        payload_type: datagram[1] & 0x7f,
        sequence: read_u16(datagram, 2),
        timestamp: read_u32(datagram, 4),
        ssrc: read_u32(datagram, 8),
        payload_start: start,
        payload_end: end,
    })
}

/// Writes the fixed header of a packet without padding, extension or CSRC list into the first 12 bytes of `packet`.
///
/// # Panics
/// When `packet` is shorter than that.
pub fn write_header(packet: &mut [u8], marker: bool, payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32) {
    packet[0] = 2 << 6;
    packet[1] = u8::from(marker) << 7 | (payload_type & 0x7f);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut packet = [9; 14];
        write_header(&mut packet, true, 101, 0xfedc, 0x89ab_cdef, 0x0123_4567);
        let header = parse(&packet);
        assert_eq!(
            header,
            Some(Header {
                marker: true,
                payload_type: 101,
                sequence: 0xfedc,
                timestamp: 0x89ab_cdef,
                ssrc: 0x0123_4567,
                payload_start: 12,
                payload_end: 14,
            })
        );
    }

    #[test]
    fn refuses_every_length_that_does_not_fit() {
        let mut packet = [0_u8; 40];
        write_header(&mut packet, false, 0, 1, 2, 3);
        for length in 0..HEADER_LENGTH {
            assert_eq!(parse(&packet[..length]), None);
        }
        packet[0] = 0x8f; // 15 CSRCs are 60 bytes
        assert_eq!(parse(&packet), None);
        packet[0] = 0x90;
        packet[14..16].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(parse(&packet), None);
        assert_eq!(parse(&packet[..14]), None);
        packet[0] = 0xa0;
        assert_eq!(parse(&packet), None);
        packet[39] = 29;
        assert_eq!(parse(&packet), None);
        packet[39] = 28;
        assert_eq!(parse(&packet).map(|header| header.payload_end), Some(12));
    }
}
