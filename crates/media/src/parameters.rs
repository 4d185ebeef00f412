//! What a session is told from outside: its random start values, and what an offer/answer exchange settled.

use std::net::SocketAddr;

use crate::g711::Encoding;
use crate::interval::{Bandwidth, USUAL_BANDWIDTH};

/// Which way media flows, seen from this side (RFC 4566 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send, the far end only listens.
    SendOnly,
    /// We listen.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether this side sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether this side listens.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// The values that RFC 3550 §5.1 wants random, and the bounds of the buffers.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Our synchronization source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First RTP timestamp.
    pub timestamp: u32,
    /// Samples that `write` may queue ahead; rounded up to a power of two.
    pub write_capacity: usize,
    /// Samples that wait for `read` before the oldest are dropped; rounded up to a power of two.
    pub read_capacity: usize,
    /// Least playout delay, ms.
    pub minimum_delay: u32,
    /// Greatest playout delay, ms.
    pub maximum_delay: u32,
    /// Our canonical name in RTCP (RFC 7022); random, for one call.
    pub cname: String,
    /// What the RTCP intervals are drawn from.
    pub seed: u32,
    /// Unix time, in µs, at 0 of the clock that `now` is on: sender reports tell the wall clock.
    pub epoch: u64,
    /// Send the VoIP metrics of RFC 3611.
    pub voip_metrics: bool,
    /// Hear digits that come as sound, too.
    pub tone_detection: bool,
    /// Send to where the far end's packets come from (RFC 4961), not only to where its SDP says.
    pub symmetric_rtp: bool,
    /// Silence on the network, ms, after which a timeout is told: at first, and later. 0: never.
    pub initial_timeout: u32,
    /// See `initial_timeout`.
    pub timeout: u32,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            ssrc: 0,
            sequence: 0,
            timestamp: 0,
            write_capacity: 65_536,
            read_capacity: 65_536,
            minimum_delay: 20,
            maximum_delay: 200,
            cname: String::new(),
            seed: 0,
            epoch: 0,
            voip_metrics: false,
            tone_detection: false,
            symmetric_rtp: true,
            initial_timeout: 30_000,
            timeout: 30_000,
        }
    }
}

/// What one offer/answer exchange settled for a stream.
#[derive(Clone, Debug)]
pub struct StreamParameters {
    /// Ours: `SendOnly` means that we send and the far end only listens.
    pub direction: Direction,
    /// Where the far end wants its RTP, from its SDP.
    pub remote: SocketAddr,
    /// The far end's payload type number for `send_encoding`.
    pub send_payload_type: u8,
    /// What we send.
    pub send_encoding: Encoding,
    /// The far end's payload type for telephone-event (RFC 4733), if it takes any.
    pub send_event_payload_type: Option<u8>,
    /// What we accept: our payload type numbers and what they stand for. Packets of any other type are counted and dropped.
    pub receive: Vec<(u8, Encoding)>,
    /// Our payload type for telephone-event.
    pub receive_event_payload_type: Option<u8>,
    /// The far end's payload type for comfort noise (RFC 3389), if it is agreed on: then silence is not sent.
    pub send_noise_payload_type: Option<u8>,
    /// Our payload type for comfort noise besides 13, which is always taken.
    pub receive_noise_payload_type: Option<u8>,
    /// How much audio the far end wants in a packet, ms: 10 to 60, by tens.
    pub ptime: u32,
    /// Where the far end wants its RTCP.
    pub remote_rtcp: SocketAddr,
    /// RTP and RTCP share their ports (RFC 5761).
    pub rtcp_mux: bool,
    /// RTCP packets need not be compound (RFC 5506).
    pub rtcp_reduced_size: bool,
    /// What RTCP may take: b=RS and b=RR (RFC 3556).
    pub rtcp_bandwidth: Bandwidth,
    /// Whether to send the VoIP metrics of RFC 3611; None: as the session's options say.
    pub voip_metrics: Option<bool>,
}

impl StreamParameters {
    /// PCMU both ways in packets of 20 ms, RTCP to the port above RTP's, and nothing besides: what the barest offer settles.
    pub fn plain(remote: SocketAddr) -> Self {
        Self {
            direction: Direction::SendRecv,
            remote,
            send_payload_type: 0,
            send_encoding: Encoding::Pcmu,
            send_event_payload_type: None,
            receive: vec![(0, Encoding::Pcmu)],
            receive_event_payload_type: None,
            send_noise_payload_type: None,
            receive_noise_payload_type: None,
            ptime: 20,
            remote_rtcp: Self::usual_rtcp(remote, false),
            rtcp_mux: false,
            rtcp_reduced_size: false,
            rtcp_bandwidth: USUAL_BANDWIDTH,
            voip_metrics: None,
        }
    }

    /// Where RTCP goes unless the SDP says otherwise: to the port above RTP's (RFC 3550 §11), or to RTP's own.
    pub fn usual_rtcp(remote: SocketAddr, mux: bool) -> SocketAddr {
        SocketAddr::new(remote.ip(), if mux { remote.port() } else { remote.port().wrapping_add(1) })
    }
}
