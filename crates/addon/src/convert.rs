//! The shapes of `ts/media/contract.ts` and the core's own, both ways.
#![allow(missing_docs, reason = "contract.ts says what each field is")]

use napi::{Error, Result, Status};
use napi_derive::napi;
use sidetone_media as media;
use std::net::{IpAddr, SocketAddr};

/// RTP/AVP encodings (RFC 3551 §6).
#[napi(string_enum = "UPPERCASE")]
pub enum Encoding {
    Pcmu,
    Pcma,
}

impl From<Encoding> for media::Encoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Pcmu => Self::Pcmu,
            Encoding::Pcma => Self::Pcma,
        }
    }
}

/// Which way media flows, seen from this side (RFC 4566 §6).
#[napi(string_enum = "lowercase")]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl From<Direction> for media::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::SendRecv => Self::SendRecv,
            Direction::SendOnly => Self::SendOnly,
            Direction::RecvOnly => Self::RecvOnly,
            Direction::Inactive => Self::Inactive,
        }
    }
}

#[napi(object, object_to_js = false)]
pub struct SessionOptions {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub write_capacity: Option<u32>,
    pub read_capacity: Option<u32>,
    pub minimum_delay: Option<u32>,
    pub maximum_delay: Option<u32>,
    pub cname: Option<String>,
    pub seed: Option<u32>,
    pub epoch: Option<f64>,
    pub voip_metrics: Option<bool>,
    pub tone_detection: Option<bool>,
    pub symmetric_rtp: Option<bool>,
    pub initial_timeout: Option<u32>,
    pub timeout: Option<u32>,
}

impl From<SessionOptions> for media::SessionOptions {
    fn from(options: SessionOptions) -> Self {
        let default = Self::default();
        Self {
            ssrc: options.ssrc,
            sequence: options.sequence,
            timestamp: options.timestamp,
            write_capacity: options.write_capacity.map_or(default.write_capacity, |samples| samples as usize),
            read_capacity: options.read_capacity.map_or(default.read_capacity, |samples| samples as usize),
            minimum_delay: options.minimum_delay.unwrap_or(default.minimum_delay),
            maximum_delay: options.maximum_delay.unwrap_or(default.maximum_delay),
            cname: options.cname.unwrap_or(default.cname),
            seed: options.seed.unwrap_or(default.seed),
            epoch: options.epoch.map_or(default.epoch, |microseconds| microseconds as u64),
            voip_metrics: options.voip_metrics.unwrap_or(default.voip_metrics),
            tone_detection: options.tone_detection.unwrap_or(default.tone_detection),
            symmetric_rtp: options.symmetric_rtp.unwrap_or(default.symmetric_rtp),
            initial_timeout: options.initial_timeout.unwrap_or(default.initial_timeout),
            timeout: options.timeout.unwrap_or(default.timeout),
        }
    }
}

#[napi(object, object_to_js = false)]
pub struct StreamParameters {
    pub direction: Direction,
    pub remote_address: String,
    pub remote_port: u16,
    pub send_payload_type: u8,
    pub send_encoding: Encoding,
    pub send_event_payload_type: i32,
    #[napi(ts_type = "readonly number[]")]
    pub receive_payload_types: Vec<u8>,
    #[napi(ts_type = "readonly Encoding[]")]
    pub receive_encodings: Vec<Encoding>,
    pub receive_event_payload_type: i32,
    pub send_noise_payload_type: Option<i32>,
    pub receive_noise_payload_type: Option<i32>,
    pub ptime: Option<u32>,
    pub remote_rtcp_address: Option<String>,
    pub remote_rtcp_port: Option<u16>,
    pub rtcp_mux: Option<bool>,
    pub rtcp_reduced_size: Option<bool>,
    pub rtcp_sender_bandwidth: Option<u32>,
    pub rtcp_receiver_bandwidth: Option<u32>,
    pub voip_metrics: Option<bool>,
}

impl TryFrom<StreamParameters> for media::StreamParameters {
    type Error = Error;

    fn try_from(parameters: StreamParameters) -> Result<Self> {
        let remote = endpoint("remoteAddress", &parameters.remote_address, parameters.remote_port)?;
        let rtcp_mux = parameters.rtcp_mux.unwrap_or(false);
        let mut remote_rtcp = Self::usual_rtcp(remote, rtcp_mux);
        if let Some(port) = parameters.remote_rtcp_port {
            remote_rtcp.set_port(port);
        }
        if let Some(address) = parameters.remote_rtcp_address {
            remote_rtcp = endpoint("remoteRtcpAddress", &address, remote_rtcp.port())?;
        }
        Ok(Self {
            direction: parameters.direction.into(),
            remote,
            send_payload_type: parameters.send_payload_type,
            send_encoding: parameters.send_encoding.into(),
            send_event_payload_type: u8::try_from(parameters.send_event_payload_type).ok(),
            receive: parameters.receive_payload_types.into_iter().zip(parameters.receive_encodings.into_iter().map(Into::into)).collect(),
            receive_event_payload_type: u8::try_from(parameters.receive_event_payload_type).ok(),
            send_noise_payload_type: parameters.send_noise_payload_type.and_then(|number| u8::try_from(number).ok()),
            receive_noise_payload_type: parameters.receive_noise_payload_type.and_then(|number| u8::try_from(number).ok()),
            ptime: parameters.ptime.unwrap_or(20),
            remote_rtcp,
            rtcp_mux,
            rtcp_reduced_size: parameters.rtcp_reduced_size.unwrap_or(false),
            rtcp_bandwidth: media::Bandwidth {
                senders: parameters.rtcp_sender_bandwidth.unwrap_or(media::interval::USUAL_BANDWIDTH.senders),
                receivers: parameters.rtcp_receiver_bandwidth.unwrap_or(media::interval::USUAL_BANDWIDTH.receivers),
            },
            voip_metrics: parameters.voip_metrics,
        })
    }
}

/// An address and a port as JavaScript gives them; `name` is what the message calls the address.
pub fn endpoint(name: &str, address: &str, port: u16) -> Result<SocketAddr> {
    let address: IpAddr =
        address.parse().map_err(|_| Error::new(Status::InvalidArg, format!("{name} {address:?} is not an IP address")))?;
    Ok(SocketAddr::new(address, port))
}

/// How a digit came.
#[napi(string_enum = "lowercase")]
pub enum EventSource {
    Rtp,
    Inband,
}

impl From<media::EventSource> for EventSource {
    fn from(source: media::EventSource) -> Self {
        match source {
            media::EventSource::Rtp => Self::Rtp,
            media::EventSource::Inband => Self::Inband,
        }
    }
}

#[napi(discriminant_case = "kebab-case", object_from_js = false)]
pub enum MediaEvent {
    DtmfStart { event: u8, source: EventSource },
    DtmfEnd { event: u8, duration: u32, source: EventSource },
    DtmfSent,
    Latched { address: String, port: u16 },
    Source { ssrc: u32 },
    Bye { ssrc: u32 },
    Timeout { initial: bool },
    Resumed,
}

impl From<media::Event> for MediaEvent {
    fn from(event: media::Event) -> Self {
        match event {
            media::Event::DtmfStart { event, source } => Self::DtmfStart { event, source: source.into() },
            media::Event::DtmfEnd { event, duration, source } => Self::DtmfEnd { event, duration, source: source.into() },
            media::Event::DtmfSent => Self::DtmfSent,
            media::Event::Latched { source } => Self::Latched { address: source.ip().to_string(), port: source.port() },
            media::Event::Source { ssrc } => Self::Source { ssrc },
            media::Event::Bye { ssrc } => Self::Bye { ssrc },
            media::Event::Timeout { initial } => Self::Timeout { initial },
            media::Event::Resumed => Self::Resumed,
        }
    }
}

/// Counts are 64 bits wide in the core and exact up to 2^53 here.
#[napi(object, object_from_js = false)]
pub struct MediaStatistics {
    pub packets_sent: f64,
    pub bytes_sent: f64,
    pub frames_silent: f64,
    pub frames_skipped: f64,
    pub packets_suppressed: f64,
    pub packets_received: f64,
    pub bytes_received: f64,
    pub packets_rejected: f64,
    pub packets_lost: f64,
    pub packets_late: f64,
    pub packets_duplicate: f64,
    pub packets_looped: f64,
    pub samples_played: f64,
    pub samples_concealed: f64,
    pub samples_stretched: f64,
    pub samples_overrun: f64,
    pub rtcp_packets_sent: f64,
    pub rtcp_packets_received: f64,
    pub jitter: f64,
    pub playout_delay: f64,
    pub playout_timestamp: f64,
    pub samples_readable: f64,
    pub samples_queued: f64,
    pub rtt: f64,
    pub remote_loss: f64,
    pub remote_packets_lost: f64,
    pub remote_jitter: f64,
    pub r_factor: f64,
    pub mos: f64,
    pub remote_r_factor: f64,
}

impl From<media::Statistics> for MediaStatistics {
    fn from(statistics: media::Statistics) -> Self {
        Self {
            packets_sent: statistics.packets_sent as f64,
            bytes_sent: statistics.bytes_sent as f64,
            frames_silent: statistics.frames_silent as f64,
            frames_skipped: statistics.frames_skipped as f64,
            packets_suppressed: statistics.packets_suppressed as f64,
            packets_received: statistics.packets_received as f64,
            bytes_received: statistics.bytes_received as f64,
            packets_rejected: statistics.packets_rejected as f64,
            packets_lost: statistics.packets_lost as f64,
            packets_late: statistics.packets_late as f64,
            packets_duplicate: statistics.packets_duplicate as f64,
            packets_looped: statistics.packets_looped as f64,
            samples_played: statistics.samples_played as f64,
            samples_concealed: statistics.samples_concealed as f64,
            samples_stretched: statistics.samples_stretched as f64,
            samples_overrun: statistics.samples_overrun as f64,
            rtcp_packets_sent: statistics.rtcp_packets_sent as f64,
            rtcp_packets_received: statistics.rtcp_packets_received as f64,
            jitter: statistics.jitter as f64,
            playout_delay: statistics.playout_delay as f64,
            playout_timestamp: statistics.playout_timestamp as f64,
            samples_readable: statistics.samples_readable as f64,
            samples_queued: statistics.samples_queued as f64,
            rtt: statistics.rtt,
            remote_loss: statistics.remote_loss,
            remote_packets_lost: statistics.remote_packets_lost.into(),
            remote_jitter: statistics.remote_jitter.into(),
            r_factor: statistics.r_factor,
            mos: statistics.mos,
            remote_r_factor: statistics.remote_r_factor.into(),
        }
    }
}
