//! What goes to the far end: from the samples that are written, or the events asked for, to a packet.

use crate::dtmf::{self, EventSender, Outgoing};
use crate::event::EventQueue;
use crate::g711;
use crate::parameters::{SessionOptions, StreamParameters};
use crate::payloads::NOISE_PAYLOAD_TYPE;
use crate::ring::Ring;
use crate::rtp::{self, HEADER_LENGTH};
use crate::suppression::{Outcome, Suppression};
use crate::{FRAME, PER_MILLISECOND, UNIT};

/// Packets hold 10 to 60 ms of audio.
const PACKET_STEP: u32 = 10;
const LONGEST_PACKET: usize = 480;

/// The sending half of a session.
#[derive(Debug)]
pub struct Outbound {
    /// Ours.
    pub ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet sent begins a talkspurt.
    marker: bool,
    /// Samples in a packet that we send, and how many wait for one to be complete.
    pub packet_length: u32,
    waiting: u32,
    /// When the last frame began, µs.
    ticked_at: u64,
    sender: EventSender,
    /// While comfort noise is agreed.
    suppression: Option<Box<Suppression>>,
    /// What waits to be sent.
    pub outgoing: Ring,
    /// Sent, and their payload bytes.
    pub packets_sent: u64,
    /// See `packets_sent`.
    pub bytes_sent: u64,
    /// Nothing was queued.
    pub frames_silent: u64,
    /// The sender was stalled.
    pub frames_skipped: u64,
    /// Held nothing but silence.
    pub packets_suppressed: u64,
}

impl Outbound {
    /// Nothing is sent until it is configured.
    pub fn new(options: &SessionOptions) -> Self {
        Self {
            ssrc: options.ssrc,
            sequence: options.sequence,
            timestamp: options.timestamp,
            marker: true,
            packet_length: FRAME as u32,
            waiting: 0,
            ticked_at: 0,
            sender: EventSender::new(),
            suppression: None,
            outgoing: Ring::new(options.write_capacity),
            packets_sent: 0,
            bytes_sent: 0,
            frames_silent: 0,
            frames_skipped: 0,
            packets_suppressed: 0,
        }
    }

    /// Takes over what an offer/answer exchange settled.
    pub fn configure(&mut self, parameters: &StreamParameters, events: &mut EventQueue) {
        self.packet_length = (parameters.ptime / PACKET_STEP).clamp(1, 6) * PACKET_STEP * PER_MILLISECOND;
        if parameters.send_event_payload_type.is_none() {
            self.sender.cancel(events);
        }
        if parameters.send_noise_payload_type.is_none() {
            self.suppression = None;
        } else {
            self.suppression.get_or_insert_with(|| Box::new(Suppression::new())).restart();
        }
    }

    /// Another SSRC from now on.
    pub fn rename(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        self.marker = true;
    }

    /// Queues telephone-events. False: one of them is none.
    pub fn send_events(&mut self, events: &[u8], duration_ms: u32, gap_ms: u32) -> bool {
        self.sender.queue(events, duration_ms, gap_ms)
    }

    /// One frame interval begins, after `skipped` that were missed. `sends`: whether the direction lets us send.
    pub fn tick(&mut self, now: u64, skipped: u32, sends: bool, packet: &[u8], events: &mut EventQueue) {
        self.ticked_at = now;
        self.timestamp = self.timestamp.wrapping_add(skipped.wrapping_mul(FRAME as u32));
        if sends && packet.len() >= HEADER_LENGTH + LONGEST_PACKET {
            self.frames_skipped += u64::from(skipped);
            self.marker |= skipped > 0;
            self.waiting += FRAME as u32;
        } else {
            self.sender.interrupt(events);
            self.interrupt_suppression();
            self.marker = true;
            self.timestamp = self.timestamp.wrapping_add(self.waiting + FRAME as u32);
            self.waiting = 0;
        }
    }

    /// The next packet of the interval. Returns its length, 0 when there is none.
    pub fn more(&mut self, parameters: &StreamParameters, packet: &mut [u8], events: &mut EventQueue) -> usize {
        if packet.len() < HEADER_LENGTH + LONGEST_PACKET {
            return 0;
        }
        while self.has_more() {
            let length = self.send(parameters, packet, events);
            self.waiting -= self.packet_length;
            self.timestamp = self.timestamp.wrapping_add(self.packet_length);
            if length > 0 {
                return length;
            }
        }
        0
    }

    /// Whether a packet is complete.
    pub fn has_more(&self) -> bool {
        self.waiting >= self.packet_length
    }

    /// The RTP timestamp of what is due at `now`, for a sender report.
    pub fn timestamp_at(&self, now: u64) -> u32 {
        let elapsed = (now.saturating_sub(self.ticked_at) / UNIT) as u32;
        // The last frame's first sample was due at the last tick.
        self.timestamp.wrapping_add(self.waiting).wrapping_sub(FRAME as u32).wrapping_add(elapsed)
    }

    /// Writes a packet. Returns its length, 0 when it would hold nothing but silence.
    fn send(&mut self, parameters: &StreamParameters, packet: &mut [u8], events: &mut EventQueue) -> usize {
        let event_payload_type = parameters.send_event_payload_type.unwrap_or(0);
        let samples = self.packet_length as usize;
        let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + samples];
        let length = match self.sender.next(self.timestamp, self.packet_length, payload, events) {
            Outgoing::Event { timestamp, marker } => {
                self.interrupt_suppression();
                rtp::write_header(packet, marker, event_payload_type, self.sequence, timestamp, self.ssrc);
                dtmf::PAYLOAD_LENGTH
            }
            Outgoing::Audio => self.send_audio(parameters, packet),
            Outgoing::Silence => {
                self.interrupt_suppression();
                self.write_audio(parameters, packet, 0)
            }
        };
        if length == 0 {
            self.packets_suppressed += 1;
            return 0;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.packets_sent += 1;
        self.bytes_sent += length as u64;
        HEADER_LENGTH + length
    }

    /// Writes what is queued, or what is to be said of its silence. Returns the payload's length, 0 when nothing is to be sent.
    fn send_audio(&mut self, parameters: &StreamParameters, packet: &mut [u8]) -> usize {
        let samples = self.packet_length as usize;
        let count = self.outgoing.length().min(samples);
        if let Some(suppression) = &mut self.suppression {
            let mut audio = [0; LONGEST_PACKET];
            let [first, second] = self.outgoing.front(count);
            audio[..first.len()].copy_from_slice(first);
            audio[first.len()..count].copy_from_slice(second);
            let silent = suppression.silent();
            match suppression.decide(&audio[..samples], &mut packet[HEADER_LENGTH..]) {
                Outcome::Speech => self.marker |= silent,
                Outcome::Description(length) => {
                    self.outgoing.skip(count);
                    let payload_type = parameters.send_noise_payload_type.unwrap_or(NOISE_PAYLOAD_TYPE);
                    rtp::write_header(packet, false, payload_type, self.sequence, self.timestamp, self.ssrc);
                    return length;
                }
                Outcome::Nothing => {
                    self.outgoing.skip(count);
                    return 0;
                }
            }
        }
        self.frames_silent += u64::from(count == 0);
        self.write_audio(parameters, packet, count)
    }

    /// Writes a packet of so many samples that are queued, filled up with silence. Returns its payload's length.
    fn write_audio(&mut self, parameters: &StreamParameters, packet: &mut [u8], count: usize) -> usize {
        let samples = self.packet_length as usize;
        let payload = &mut packet[HEADER_LENGTH..HEADER_LENGTH + samples];
        let mut at = 0;
        for audio in self.outgoing.front(count) {
            at += g711::encode(parameters.send_encoding, audio, &mut payload[at..]);
        }
        payload[at..].fill(g711::silence(parameters.send_encoding));
        self.outgoing.skip(count);
        rtp::write_header(packet, self.marker, parameters.send_payload_type, self.sequence, self.timestamp, self.ssrc);
        self.marker = false;
        samples
    }

    fn interrupt_suppression(&mut self) {
        if let Some(suppression) = &mut self.suppression {
            suppression.interrupt();
        }
    }
}
