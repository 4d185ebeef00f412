//! RTCP (RFC 3550 §6, RFC 3611): compound packets, checked and read, and written. A call has two participants, so what is read of
//! a compound packet is what its sender says of itself and of us.

use crate::bytes::{read_u16, read_u32, write_u16, write_u32};
use crate::metrics::{self, VoipMetrics};

/// A report about one source (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source that it is about.
    pub ssrc: u32,
    /// Share of its packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all, −2^23 to 2^23 − 1: duplicates make it negative.
    pub lost: i32,
    /// Highest sequence number that came, with the count of its cycles.
    pub highest: u32,
    /// Interarrival jitter, in timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time in the source's last sender report; 0: none came.
    pub last_report: u32,
    /// How long ago that came, in 1/65,536 s.
    pub delay: u32,
}

/// What a sender says of its stream (§6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock: seconds since 1900, and their fraction in 1/2^32.
    pub ntp_seconds: u32,
    /// See `ntp_seconds`.
    pub ntp_fraction: u32,
    /// The same moment in its RTP timestamps.
    pub timestamp: u32,
    /// RTP packets sent, modulo 2^32, and their payload bytes.
    pub packets: u32,
    /// See `packets`.
    pub octets: u32,
}

impl SenderInfo {
    /// What comes back as a report block's `last_report`.
    pub fn middle(&self) -> u32 {
        self.ntp_seconds << 16 | self.ntp_fraction >> 16
    }
}

/// What a compound packet says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compound {
    /// Its sender: the SSRC of the first packet that has one.
    pub sender: u32,
    /// What it says of its own stream.
    pub info: Option<SenderInfo>,
    /// What it says of ours.
    pub report: Option<ReportBlock>,
    /// Its canonical name (§6.5.1): where its bytes begin and end in the datagram; 0, 0 when it gives none.
    pub name_start: usize,
    /// See `name_start`.
    pub name_end: usize,
    /// Whether the source asked about leaves (§6.6).
    pub bye: bool,
    /// Its metrics of our stream.
    pub metrics: Option<VoipMetrics>,
}

/// What [`compose`] writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing {
    /// Our SSRC.
    pub ssrc: u32,
    /// Makes it a sender report.
    pub info: Option<SenderInfo>,
    /// About the far end's stream.
    pub report: Option<ReportBlock>,
    /// Likewise.
    pub metrics: Option<VoipMetrics>,
    /// We leave.
    pub bye: bool,
}

/// Packet types (§12.1, RFC 3611 §2).
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
/// RFC 5761 §4: where RTP and RTCP share a port, RTP payload types 64–95 are not used, because with the marker bit their second byte is
/// that of an RTCP packet.
const FIRST_TYPE: u8 = 192;
const LAST_TYPE: u8 = 223;
/// SDES item (§6.5.1).
const CNAME: u8 = 1;
/// Longest CNAME that an item's length byte can tell.
const LONGEST_NAME: usize = 255;
/// Whatever [`compose`] writes fits: report 52, description 268, extended report 44, goodbye 8.
pub const LONGEST: usize = 372;

/// Whether a datagram on a shared port is RTCP rather than RTP (RFC 5761 §4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 4 && (FIRST_TYPE..=LAST_TYPE).contains(&datagram[1])
}

/// RFC 3550 A.2: whether a datagram is a compound packet. With `reduced_size` (RFC 5506, only where negotiated) the first packet may
/// be any.
pub fn check(datagram: &[u8], reduced_size: bool) -> bool {
    let mut at = 0;
    while at + 4 <= datagram.len() {
        let (first, packet_type) = (datagram[at], datagram[at + 1]);
        let next = at + 4 + 4 * usize::from(read_u16(datagram, at + 2));
        if first >> 6 != 2 || !(FIRST_TYPE..=LAST_TYPE).contains(&packet_type) || next > datagram.len() {
            return false;
        }
        if at == 0 && !reduced_size && packet_type != SENDER_REPORT && packet_type != RECEIVER_REPORT {
            return false;
        }
        // Only the last packet may be padded, by whole words that fit into it.
        if first & 0x20 != 0 {
            let padding = usize::from(datagram[next - 1]);
            if next != datagram.len() || padding == 0 || padding % 4 != 0 || padding > next - at - 4 || (at == 0 && !reduced_size) {
                return false;
            }
        }
        at = next;
    }
    at > 0 && at == datagram.len()
}

/// Reads what a compound packet says about our stream `ours` and about the source `theirs`. None when it is no compound packet.
/// Reports that are cut short, and types that we do not know, are passed over.
pub fn parse(datagram: &[u8], reduced_size: bool, ours: u32, theirs: u32) -> Option<Compound> {
    if !check(datagram, reduced_size) {
        return None;
    }
    let mut compound = Compound::default();
    let mut identified = false;
    let mut at = 0;
    while at < datagram.len() {
        let next = at + 4 + 4 * usize::from(read_u16(datagram, at + 2));
        let padding = if datagram[at] & 0x20 != 0 { usize::from(datagram[next - 1]) } else { 0 };
        let packet = Packet { start: at, end: next - padding, count: usize::from(datagram[at] & 0x1f) };
        let packet_type = datagram[at + 1];
        if packet.start + 8 <= packet.end && !identified {
            identified = true;
            compound.sender = read_u32(datagram, packet.start + 4);
        }
        match packet_type {
            SENDER_REPORT if packet.start + 28 <= packet.end => {
                compound.info = Some(read_info(datagram, packet.start + 8));
                read_blocks(datagram, packet, packet.start + 28, ours, &mut compound);
            }
            RECEIVER_REPORT => read_blocks(datagram, packet, packet.start + 8, ours, &mut compound),
            SOURCE_DESCRIPTION => read_name(datagram, packet, &mut compound),
            BYE => {
                for index in 0..packet.count {
                    let source = packet.start + 4 + 4 * index;
                    compound.bye |= source + 4 <= packet.end && read_u32(datagram, source) == theirs;
                }
            }
            EXTENDED_REPORT => {
                compound.metrics = metrics::read(&datagram[..packet.end], packet.start + 8, ours).or(compound.metrics);
            }
            _ => {}
        }
        at = next;
    }
    Some(compound)
}

/// Writes a compound packet: a sender or receiver report, our CNAME, metrics and goodbye if there are any. `name` is cut after 255
/// bytes. Returns its length, 0 when `packet` has less room than [`LONGEST`].
pub fn compose(packet: &mut [u8], outgoing: &Outgoing, name: &[u8]) -> usize {
    if packet.len() < LONGEST {
        return 0;
    }
    let mut at = 8;
    write_u32(packet, 4, outgoing.ssrc);
    if let Some(info) = outgoing.info {
        for word in [info.ntp_seconds, info.ntp_fraction, info.timestamp, info.packets, info.octets] {
            write_u32(packet, at, word);
            at += 4;
        }
    }
    if let Some(report) = outgoing.report {
        let lost = (report.lost as u32) & 0xff_ffff;
        let words =
            [report.ssrc, u32::from(report.fraction_lost) << 24 | lost, report.highest, report.jitter, report.last_report, report.delay];
        for word in words {
            write_u32(packet, at, word);
            at += 4;
        }
    }
    let packet_type = if outgoing.info.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    write_head(packet, 0, u8::from(outgoing.report.is_some()), packet_type, at);
    at = write_name(packet, at, outgoing.ssrc, name);
    if let Some(metrics) = outgoing.metrics {
        write_u32(packet, at + 4, outgoing.ssrc);
        let end = metrics::write(packet, at + 8, &metrics);
        write_head(packet, at, 0, EXTENDED_REPORT, end);
        at = end;
    }
    if outgoing.bye {
        write_u32(packet, at + 4, outgoing.ssrc);
        write_head(packet, at, 1, BYE, at + 8);
        at += 8;
    }
    at
}

/// One packet of a compound one, its padding left out.
#[derive(Clone, Copy)]
struct Packet {
    start: usize,
    end: usize,
    count: usize,
}

fn read_info(datagram: &[u8], at: usize) -> SenderInfo {
    SenderInfo {
        ntp_seconds: read_u32(datagram, at),
        ntp_fraction: read_u32(datagram, at + 4),
        timestamp: read_u32(datagram, at + 8),
        packets: read_u32(datagram, at + 12),
        octets: read_u32(datagram, at + 16),
    }
}

fn read_blocks(datagram: &[u8], packet: Packet, first: usize, ours: u32, compound: &mut Compound) {
    for index in 0..packet.count {
        let at = first + 24 * index;
        if at + 24 > packet.end {
            return;
        }
        if read_u32(datagram, at) == ours {
            let lost = read_u32(datagram, at + 4);
            compound.report = Some(ReportBlock {
                ssrc: ours,
                fraction_lost: (lost >> 24) as u8,
                // The sign is the 24th bit.
                lost: (lost << 8) as i32 >> 8,
                highest: read_u32(datagram, at + 8),
                jitter: read_u32(datagram, at + 12),
                last_report: read_u32(datagram, at + 16),
                delay: read_u32(datagram, at + 20),
            });
        }
    }
}

/// The first chunk's CNAME: a chunk is an SSRC, and items of type, length and text up to a type of 0.
fn read_name(datagram: &[u8], packet: Packet, compound: &mut Compound) {
    let mut at = packet.start + 8;
    if packet.count == 0 {
        return;
    }
    while at + 2 <= packet.end && datagram[at] != 0 {
        let end = at + 2 + usize::from(datagram[at + 1]);
        if end > packet.end {
            return;
        }
        if datagram[at] == CNAME {
            compound.name_start = at + 2;
            compound.name_end = end;
            return;
        }
        at = end;
    }
}

/// One chunk with one item, ended by one to four zero bytes (§6.5).
fn write_name(packet: &mut [u8], at: usize, ssrc: u32, name: &[u8]) -> usize {
    let name = &name[..name.len().min(LONGEST_NAME)];
    let text = at + 10;
    let end = at + 4 + (6 + name.len()) / 4 * 4 + 4;
    write_u32(packet, at + 4, ssrc);
    packet[at + 8] = CNAME;
    packet[at + 9] = name.len() as u8;
    packet[text..text + name.len()].copy_from_slice(name);
    packet[text + name.len()..end].fill(0);
    write_head(packet, at, 1, SOURCE_DESCRIPTION, end);
    end
}

/// Version 2, no padding, a count, the type, and the length in words less one.
fn write_head(packet: &mut [u8], at: usize, count: u8, packet_type: u8, end: usize) {
    packet[at] = 2 << 6 | count;
    packet[at + 1] = packet_type;
    write_u16(packet, at + 2, ((end - at) / 4 - 1) as u16);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Outgoing {
        Outgoing {
            ssrc: 0xcafe_babe,
            info: Some(SenderInfo { ntp_seconds: 0x8000_0001, ntp_fraction: 0xabcd_ef01, timestamp: 160, packets: 7, octets: 1_120 }),
            report: Some(ReportBlock {
                ssrc: 0x1234_5678,
                fraction_lost: 255,
                lost: -3,
                highest: 0x1_0002,
                jitter: 9,
                last_report: 0x0001_abcd,
                delay: 65_536,
            }),
            metrics: Some(VoipMetrics { ssrc: 0x1234_5678, loss_rate: 3, rating: 93, nominal_delay: 40, ..VoipMetrics::default() }),
            bye: true,
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let mut packet = [0xee; LONGEST];
        for length in [0, 1, 2, 3, 16, 255] {
            let name = vec![b'n'; length];
            let end = compose(&mut packet, &everything(), &name);
            // The far end reads it: about its own stream, and about ours leaving.
            let compound = parse(&packet[..end], false, 0x1234_5678, 0xcafe_babe).expect("a compound packet");
            assert_eq!(compound.sender, 0xcafe_babe);
            assert_eq!(compound.info, everything().info);
            assert_eq!(compound.report, everything().report);
            assert_eq!(compound.metrics, everything().metrics);
            assert_eq!(packet[compound.name_start..compound.name_end], name);
            assert!(compound.bye);
            assert_eq!(compound.info.map(|info| info.middle()), Some(0x0001_abcd));
        }
        assert_eq!(compose(&mut packet[..LONGEST - 1], &everything(), b""), 0);
    }

    #[test]
    fn what_is_about_others_is_not_about_us() {
        let mut packet = [0; LONGEST];
        let end = compose(&mut packet, &everything(), b"name");
        let compound = parse(&packet[..end], false, 1, 2).expect("a compound packet");
        assert_eq!((compound.report, compound.metrics, compound.bye), (None, None, false));
    }

    #[test]
    fn any_byte_may_be_anything() {
        let mut packet = [0; LONGEST];
        let end = compose(&mut packet, &everything(), b"name");
        let mut random = 1_u32;
        for _ in 0..20_000 {
            let mut damaged = packet;
            for _ in 0..3 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                damaged[(random >> 8) as usize % end] = (random >> 24) as u8;
            }
            let length = random as usize % (end + 1);
            let _ = parse(&damaged[..end], random & 1 == 0, 0x1234_5678, 0xcafe_babe);
            let _ = parse(&damaged[..length], random & 1 == 0, 0x1234_5678, 0xcafe_babe);
        }
    }
}
