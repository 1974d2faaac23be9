//! The data channels of one transport: an association that begins with the peer's first packet, and the channels that the
//! peer opens over it.
//!
//! After any `handle_*` or `send*`, drain `poll_packet` and `poll_event`, then wait until `poll_timeout`. Invariant: whatever
//! goes wrong ends the association at most, is counted, and leaves the transport as it was.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use bytes::Bytes;

use super::association::{Association, Init};
use super::bucket::Bucket;
use super::channel::{Channel, ChannelId};
use super::counters::DataCounters;
use super::gate::Verdict;
use super::message::wire;
use crate::command::DataPayload;
use crate::limits::{
    DATA_ASSOCIATIONS_MAX, DATA_CHANNELS_MAX, DATA_MESSAGE_BYTES_MAX, DATA_MESSAGES_BURST, DATA_MESSAGES_PER_SECOND,
    DATA_TRANSPORT_QUEUE_BYTES_MAX,
};

/// Something that the shard must hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataEvent {
    /// The peer opened a channel.
    Opened {
        channel: ChannelId,
        label: String,
    },
    Message {
        channel: ChannelId,
        label: String,
        payload: DataPayload,
    },
    /// A message did not fit; the following ones will not until `Writable`.
    Blocked {
        label: String,
    },
    Writable {
        label: String,
    },
    /// The last channel of a label is gone.
    Closed {
        label: String,
    },
}

/// Data channels of one transport.
#[derive(Debug)]
pub struct DataChannels {
    association: Option<Box<Association>>,
    /// Associations begun so far.
    begun: u32,
    /// Streams that the peer used first in this association.
    pub(super) streams_opened: u32,
    pub(super) channels: BTreeMap<ChannelId, Channel>,
    /// Largest message that the peer takes, bytes.
    peer_message_bytes_max: usize,
    pub(super) messages: Bucket,
    /// What an association that ended still has to say.
    last_words: VecDeque<Bytes>,
    pub(super) events: VecDeque<DataEvent>,
    pub(super) counters: DataCounters,
}

impl DataChannels {
    /// No association yet; `peer_message_bytes_max` is what the peer's offer says it takes (RFC 8841 §6).
    pub fn new(now: Instant, peer_message_bytes_max: usize) -> Self {
        Self {
            association: None,
            begun: 0,
            streams_opened: 0,
            channels: BTreeMap::new(),
            peer_message_bytes_max: peer_message_bytes_max.min(DATA_MESSAGE_BYTES_MAX),
            messages: Bucket::new(now, DATA_MESSAGES_PER_SECOND, DATA_MESSAGES_BURST),
            last_words: VecDeque::new(),
            events: VecDeque::new(),
            counters: DataCounters::default(),
        }
    }

    /// Takes in one SCTP packet (RFC 8261). Never fails: what is bad is dropped and counted.
    pub fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        self.counters.packets_received += 1;
        if let Some(init) = Init::of(&packet) {
            return self.begin(now, init, packet);
        }
        let Some(verdict) = self.guarded(|association| association.handle_packet(now, packet)) else {
            self.counters.packets_malformed += 1;
            return;
        };
        match verdict {
            Verdict::Passes => {}
            Verdict::Malformed => self.counters.packets_malformed += 1,
            Verdict::Shed => self.counters.packets_shed += 1,
            Verdict::Ends => self.fail(now),
        }
        self.settle(now);
    }

    /// Repeats and acknowledges what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.guarded(|association| association.handle_timeout(now));
            self.settle(now);
        }
    }

    /// When `handle_timeout` is due; `None` means never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.association.as_ref().and_then(|association| association.poll_timeout())
    }

    /// The next SCTP packet to send, at most `DATA_PACKET_BYTES_MAX` bytes.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        let waiting = self.last_words.pop_front();
        let packet = waiting.or_else(|| self.association.as_mut().and_then(|association| association.poll_packet()))?;
        self.counters.packets_sent += 1;
        Some(packet)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<DataEvent> {
        self.events.pop_front()
    }

    /// Sends a message to every channel of a label.
    pub fn send(&mut self, now: Instant, label: &str, payload: &DataPayload) {
        let named = |(id, channel): (&ChannelId, &Channel)| (channel.label == label).then_some(*id);
        let channels: Vec<ChannelId> = self.channels.iter().filter_map(named).collect();
        if channels.is_empty() {
            self.counters.messages_undelivered += 1;
        }
        for channel in channels {
            self.send_on(now, channel, payload);
        }
    }

    /// Sends a message on one channel. One that does not fit is dropped and counted, and the first such is told.
    pub fn send_on(&mut self, now: Instant, id: ChannelId, payload: &DataPayload) {
        let (kind, bytes) = wire(payload);
        let queued: usize = self.channels.values().map(Channel::bytes).sum();
        let Some(channel) = self.channels.get_mut(&id) else {
            self.counters.messages_undelivered += 1;
            return;
        };
        if bytes.len() > self.peer_message_bytes_max {
            self.counters.messages_oversized += 1;
            return;
        }
        if channel.blocked || !channel.fits(bytes.len()) || queued + bytes.len() > DATA_TRANSPORT_QUEUE_BYTES_MAX {
            self.counters.messages_shed += 1;
            if !std::mem::replace(&mut channel.blocked, true) {
                self.events.push_back(DataEvent::Blocked { label: channel.label.clone() });
            }
            return;
        }
        if self.guarded(|association| association.send(now, id.0, kind, &bytes)) == Some(true) {
            // Only what was taken is ever released.
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.queued(bytes.len());
            }
            self.counters.messages_sent += 1;
            self.counters.bytes_sent = self.counters.bytes_sent.saturating_add(count(bytes.len()));
        } else {
            self.counters.messages_undelivered += 1;
        }
        self.settle(now);
    }

    /// What was counted.
    pub fn counters(&self) -> &DataCounters {
        &self.counters
    }

    fn begin(&mut self, now: Instant, init: Init, packet: Bytes) {
        if let Some(association) = &mut self.association {
            if association.repeat_answer(init) {
                return;
            }
            if association.is_established() {
                self.counters.associations_refused += 1;
                return;
            }
        }
        if self.begun >= DATA_ASSOCIATIONS_MAX {
            self.counters.associations_refused += 1;
            return;
        }
        self.begun += 1;
        self.streams_opened = 0;
        match catch_unwind(|| Association::answer(now, init, packet)) {
            Ok(Some(association)) => self.association = Some(Box::new(association)),
            Ok(None) => self.counters.packets_malformed += 1,
            Err(_) => self.panicked(),
        }
    }

    /// Acts on what the association says, and on its end.
    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.association.as_mut().and_then(|association| association.poll_event()) {
            self.act(now, event);
        }
        let Some(association) = &mut self.association else { return };
        self.counters.packets_unsent += association.take_unsent();
        if association.is_closed() {
            self.counters.associations_closed += 1;
            self.end();
        } else {
            self.tell_writable();
        }
    }

    fn tell_writable(&mut self) {
        let queued: usize = self.channels.values().map(Channel::bytes).sum();
        if queued >= DATA_TRANSPORT_QUEUE_BYTES_MAX / 2 {
            return;
        }
        for channel in self.channels.values_mut().filter(|channel| channel.blocked && channel.is_half_empty()) {
            channel.blocked = false;
            self.events.push_back(DataEvent::Writable { label: channel.label.clone() });
        }
    }

    /// Does something with the association; if the library panics, the association is gone and nothing else.
    pub(super) fn guarded<T>(&mut self, work: impl FnOnce(&mut Association) -> T) -> Option<T> {
        let association = self.association.as_mut()?;
        match catch_unwind(AssertUnwindSafe(|| work(association))) {
            Ok(outcome) => Some(outcome),
            Err(_) => {
                self.panicked();
                None
            }
        }
    }

    fn panicked(&mut self) {
        tracing::error!("the library ended an association by a fault");
        self.counters.panics_caught += 1;
        self.counters.associations_faulty += 1;
        self.end();
    }

    /// Ends the association of a peer that broke a rule.
    pub(super) fn fail(&mut self, now: Instant) {
        if self.association.is_none() {
            return;
        }
        self.counters.associations_faulty += 1;
        self.guarded(|association| association.abort(now));
        if let Some(association) = &mut self.association {
            self.last_words.extend(std::iter::from_fn(|| association.poll_packet()));
        }
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut association) = self.association.take() {
            let room = usize::from(DATA_CHANNELS_MAX).saturating_sub(self.last_words.len());
            self.last_words.extend(std::iter::from_fn(|| association.poll_packet()).take(room));
        }
        for id in self.channels.keys().copied().collect::<Vec<_>>() {
            self.close(id);
        }
    }

    /// Forgets a channel, if it is open; that nothing of its label is left is told.
    pub(super) fn close(&mut self, id: ChannelId) {
        let Some(Channel { label, .. }) = self.channels.remove(&id) else { return };
        self.counters.channels_closed += 1;
        if !self.channels.values().any(|channel| channel.label == label) {
            self.events.push_back(DataEvent::Closed { label });
        }
    }
}

pub(super) fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
