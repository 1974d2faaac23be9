//! One lean client, without sockets and clocks: ICE, then DTLS, then media in and feedback out.
//!
//! After each `handle_*` the caller drains `poll_transmit`. Invariant: a datagram that is nobody's changes nothing but a count.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtcp::sender_report::SenderReport;
use rtp::Packet;

use super::config::{ClientConfig, Phase};
use super::counts::Counts;
use super::dtls::{Handshake, Identity, Progress};
use super::feedback::{self, TransportArrivals};
use super::header::ClearHeader;
use super::ice::{Checks, Credentials, Heard};
use super::keys::Keys;
use super::outgoing::Outgoing;
use super::slot::{Slot, SlotReport};
use crate::verify::Outcome;

/// Between receiver reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(1_000);
/// Between transport-wide feedbacks; libwebrtc's are 50 to 250 ms apart, by the rate.
const TRANSPORT_INTERVAL: Duration = Duration::from_millis(75);

/// One client.
#[derive(Debug)]
pub struct Client {
    remote: SocketAddr,
    identity: Arc<Identity>,
    fingerprints: Vec<(String, String)>,
    checks: Checks,
    handshake: Option<Handshake>,
    keys: Option<Box<Keys>>,
    phase: Phase,
    connected_at: Option<Instant>,
    slots: Vec<Slot>,
    outgoing: Outgoing,
    transport_cc: Option<u8>,
    arrivals: TransportArrivals,
    ssrc: u32,
    next_report: Instant,
    next_transport: Instant,
    out: VecDeque<Bytes>,
    outcomes: Vec<Outcome>,
    counts: Counts,
}

impl Client {
    /// Begins to check at `now`.
    pub fn new(now: Instant, config: ClientConfig) -> Self {
        let ClientConfig { identity, role, local, answer, slots, senders, ssrc } = config;
        let remote = Credentials { ufrag: answer.ufrag, pwd: answer.pwd };
        let provider = Arc::clone(&identity.provider);
        let slots = slots.into_iter().zip(answer.sections);
        // Spread over the interval, so that a crowd does not report in step.
        let phase = |interval: Duration| now + interval * (ssrc % 64) / 64;
        Self {
            remote: answer.candidate,
            identity,
            fingerprints: answer.fingerprints,
            checks: Checks::new(now, role, local, remote, u64::from(ssrc), provider),
            handshake: None,
            keys: None,
            phase: Phase::Checking,
            connected_at: None,
            slots: slots.map(|((codec, look), at)| Slot::new(now, codec, at.ssrc, at.rtx, look)).collect(),
            outgoing: Outgoing::new(senders, answer.stamps, answer.transport_cc),
            transport_cc: answer.transport_cc,
            arrivals: TransportArrivals::new(now),
            ssrc,
            next_report: phase(REPORT_INTERVAL),
            next_transport: phase(TRANSPORT_INTERVAL),
            out: VecDeque::new(),
            outcomes: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Takes in one datagram.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        // RFC 7983 §7.
        match datagram.first() {
            Some(0..=3) => self.handle_stun(now, datagram),
            Some(20..=63) => self.handle_dtls(now, datagram),
            // RTCP's packet types (RFC 5761 §4).
            Some(128..=191) if datagram.get(1).is_some_and(|kind| (192..=223).contains(kind)) => {
                self.handle_rtcp(now, datagram);
            }
            Some(128..=191) => self.handle_rtp(now, datagram),
            Some(_) | None => self.counts.ignored += 1,
        }
    }

    /// Sends what is due; to be called every 10 ms or so.
    pub fn handle_timeout(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Failed(_) | Phase::Closed) {
            return;
        }
        self.out.extend(self.checks.handle_timeout(now).map(Bytes::from));
        if self.checks.expired(now) {
            self.phase = Phase::Failed("the server no longer answers checks of consent".to_owned());
            return;
        }
        match (&self.phase, &mut self.handshake) {
            (Phase::Handshaking, Some(handshake)) => {
                handshake.handle_timeout(now);
                self.out.extend(std::iter::from_fn(|| handshake.poll_transmit()));
            }
            (Phase::Connected, _) => {
                self.outgoing.handle_timeout(now, &mut self.counts);
                self.send_media();
                self.feed_back(now);
            }
            _ => {}
        }
    }

    /// When the next frame of a publisher is due.
    pub fn media_due(&self) -> Option<Instant> {
        self.outgoing.poll_timeout().filter(|_| self.phase == Phase::Connected)
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    /// What judged slots saw since the last call.
    pub fn outcomes(&mut self) -> impl Iterator<Item = Outcome> + '_ {
        self.outcomes.drain(..)
    }

    /// Skips ICE and DTLS.
    #[cfg(test)]
    pub(super) fn connect_with(&mut self, now: Instant, keys: Keys) {
        self.keys = Some(Box::new(keys));
        (self.phase, self.connected_at) = (Phase::Connected, Some(now));
    }

    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    pub fn connected_at(&self) -> Option<Instant> {
        self.connected_at
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Packets that came again, of all slots.
    pub fn duplicates(&self) -> u64 {
        self.slots.iter().map(Slot::duplicates).sum()
    }

    /// Whether it has slots of video.
    pub fn has_video(&self) -> bool {
        self.slots.iter().any(Slot::is_video)
    }

    /// Whether every slot of video has shown a frame; of who only listens, whether one slot has played.
    pub fn is_watching(&self) -> bool {
        let mut pictures = self.slots.iter().filter(|slot| slot.is_video());
        self.connected_at.is_some()
            && if self.has_video() { pictures.all(Slot::is_watching) } else { self.slots.iter().any(Slot::is_watching) }
    }

    /// What each slot found so far.
    pub fn reports(&self) -> Vec<SlotReport> {
        self.slots.iter().map(Slot::report).collect()
    }

    fn handle_stun(&mut self, now: Instant, datagram: &[u8]) {
        match self.checks.handle(now, self.remote, datagram) {
            Heard::Check(answer) => self.out.push_back(answer.into()),
            Heard::Answer => {}
            Heard::Nothing => self.counts.ignored += 1,
        }
        if self.phase == Phase::Checking && self.checks.is_complete() {
            match Handshake::start(now, Arc::clone(&self.identity), std::mem::take(&mut self.fingerprints)) {
                Ok(mut handshake) => {
                    self.out.extend(std::iter::from_fn(|| handshake.poll_transmit()));
                    self.handshake = Some(handshake);
                    self.phase = Phase::Handshaking;
                }
                Err(error) => self.phase = Phase::Failed(error.to_string()),
            }
        }
    }

    fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        let Some(handshake) = &mut self.handshake else {
            self.counts.ignored += 1;
            return;
        };
        let progress = handshake.handle(now, datagram);
        self.out.extend(std::iter::from_fn(|| handshake.poll_transmit()));
        match progress {
            Progress::None => {}
            Progress::Done(keys) => {
                self.keys = Some(keys);
                self.phase = Phase::Connected;
                self.connected_at = Some(now);
            }
            Progress::Failed(why) => self.phase = Phase::Failed(why),
            Progress::Closed => self.phase = Phase::Closed,
        }
    }

    fn handle_rtp(&mut self, now: Instant, datagram: &[u8]) {
        let Some(keys) = &mut self.keys else {
            self.counts.early += 1;
            return;
        };
        let Some(header) = ClearHeader::parse(datagram, self.transport_cc) else {
            self.counts.strays += 1;
            return;
        };
        if let Some(sequence) = header.transport_sequence {
            self.arrivals.record(now, sequence);
        }
        self.counts.bytes += u64::try_from(datagram.len()).unwrap_or(u64::MAX);
        let known = |slot: &&mut Slot| slot.ssrc == Some(header.ssrc) || slot.rtx == Some(header.ssrc);
        let Some(slot) = self.slots.iter_mut().find(known) else {
            let is_probe = keys.open_rtp(datagram).is_some_and(|it| it.header.padding && it.payload.is_empty());
            self.counts.strays += u64::from(!is_probe);
            return;
        };
        let repeat = slot.rtx == Some(header.ssrc);
        let wanted = repeat || slot.wants_plaintext();
        let packet: Option<Packet> = if wanted { keys.open_rtp(datagram) } else { None };
        if wanted && packet.is_none() {
            slot.on_forgery();
            return;
        }
        self.counts.opened += u64::from(wanted);
        match packet {
            Some(packet) if repeat => {
                self.counts.repeats += 1;
                slot.on_repeat(now, packet, &mut self.outcomes);
            }
            packet => {
                self.counts.packets += 1;
                slot.on_media(now, &header, packet, &mut self.outcomes);
            }
        }
    }

    fn handle_rtcp(&mut self, now: Instant, datagram: &[u8]) {
        let Some(keys) = &mut self.keys else {
            self.counts.early += 1;
            return;
        };
        let Some(plain) = keys.open_rtcp(datagram) else {
            self.counts.unopened += 1;
            return;
        };
        let packets = rtcp::packet::unmarshal(&mut plain.freeze()).unwrap_or_default();
        packets.iter().for_each(|packet| self.outgoing.on_feedback(packet.as_ref(), &mut self.counts));
        self.send_media();
        for report in packets.iter().filter_map(|packet| packet.as_any().downcast_ref::<SenderReport>()) {
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.ssrc == Some(report.ssrc)) {
                slot.on_sender_report(now, report);
            }
        }
    }

    fn send_media(&mut self) {
        let Some(keys) = &mut self.keys else { return };
        self.out.extend(self.outgoing.poll(keys));
    }

    /// Pictures and sounds belong together in their order.
    fn compare_lips(&mut self) {
        let (pictures, sounds): (Vec<_>, Vec<_>) = self.slots.iter_mut().partition(|slot| slot.is_video());
        pictures.into_iter().zip(sounds).for_each(|(picture, sound)| picture.compare_lips(sound));
    }

    /// Everything that is due, in one datagram (RFC 5506).
    fn feed_back(&mut self, now: Instant) {
        let mut plain = Vec::new();
        if now >= self.next_report {
            self.next_report = now + REPORT_INTERVAL;
            self.outgoing.report(now, &mut plain);
            self.compare_lips();
            let blocks: Vec<_> = self.slots.iter_mut().filter_map(|slot| slot.reception(now)).collect();
            feedback::receiver_report(&mut plain, self.ssrc, blocks);
        }
        for slot in &mut self.slots {
            if !slot.handle_timeout(now, &mut self.outcomes) {
                continue;
            }
            let Some(media) = slot.ssrc else { continue };
            let numbers = slot.nacks(now);
            if !numbers.is_empty() {
                self.counts.nacks += 1;
                feedback::nack(&mut plain, self.ssrc, media, &numbers);
            }
            if slot.take_keyframe_request(now) {
                self.counts.plis += 1;
                feedback::pli(&mut plain, self.ssrc, media);
            }
        }
        if now >= self.next_transport {
            self.next_transport = now + TRANSPORT_INTERVAL;
            let media = self.slots.iter().find_map(|slot| slot.ssrc).unwrap_or_default();
            self.arrivals.tell(&mut plain, self.ssrc, media);
        }
        if !plain.is_empty()
            && let Some(sealed) = self.keys.as_mut().and_then(|keys| keys.seal_rtcp(&plain))
        {
            self.counts.feedbacks += 1;
            self.out.push_back(sealed.freeze());
        }
    }
}
