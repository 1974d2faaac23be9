//! What the association says: messages become events, requests to open become channels.

use std::time::Instant;

use bytes::Bytes;
use sctp::PayloadProtocolIdentifier as Kind;

use super::association::AssociationEvent;
use super::channel::{Channel, ChannelId};
use super::channels::{DataChannels, DataEvent, count};
use super::message::payload;
use super::open_message::{self, Said};
use crate::limits::{DATA_CHANNELS_MAX, DATA_CHANNELS_OPENED_MAX};

impl DataChannels {
    /// Acts on one thing that the association says.
    pub(super) fn act(&mut self, now: Instant, event: AssociationEvent) {
        match event {
            AssociationEvent::Established => self.counters.associations_opened += 1,
            AssociationEvent::StreamOpened => {
                self.streams_opened += 1;
                if self.streams_opened > DATA_CHANNELS_OPENED_MAX {
                    self.fail(now);
                }
            }
            AssociationEvent::Message { stream, kind, bytes } => self.receive(now, ChannelId(stream), kind, bytes),
            AssociationEvent::Released { stream, bytes } => {
                if let Some(channel) = self.channels.get_mut(&ChannelId(stream)) {
                    channel.released(bytes);
                }
            }
            AssociationEvent::StreamClosed(stream) => {
                self.close(ChannelId(stream));
            }
        }
    }

    fn receive(&mut self, now: Instant, id: ChannelId, kind: Kind, bytes: Option<Bytes>) {
        if !self.messages.take(now, 1) {
            return self.fail(now);
        }
        let Some(bytes) = bytes else {
            self.counters.messages_oversized += 1;
            return;
        };
        if kind == Kind::Dcep {
            return self.converse(now, id, &bytes);
        }
        let Some(channel) = self.channels.get(&id) else {
            self.counters.messages_unopened += 1;
            return;
        };
        let Some(payload) = payload(kind, &bytes) else {
            self.counters.messages_malformed += 1;
            return;
        };
        self.counters.messages_received += 1;
        self.counters.bytes_received = self.counters.bytes_received.saturating_add(count(bytes.len()));
        self.events.push_back(DataEvent::Message { channel: id, label: channel.label.clone(), payload });
    }

    /// Acts on a DCEP message (RFC 8832 §6).
    fn converse(&mut self, now: Instant, id: ChannelId, message: &[u8]) {
        let open = match open_message::read(message) {
            Said::Acknowledged => return,
            Said::Open { label, reliability } if !self.channels.contains_key(&id) => Some((label, reliability)),
            Said::Open { .. } | Said::Nonsense => None,
        };
        let full = self.channels.len() >= usize::from(DATA_CHANNELS_MAX);
        let (Some((label, reliability)), Some(acknowledgement), false) = (open, open_message::acknowledgement(), full)
        else {
            self.counters.channels_refused += 1;
            self.close(id);
            self.guarded(|association| association.reset(now, id.0));
            return;
        };
        self.guarded(|association| {
            association.set_reliability(id.0, reliability);
            association.send(now, id.0, Kind::Dcep, &acknowledgement)
        });
        self.counters.channels_opened += 1;
        let mut channel = Channel::new(label.clone());
        // The acknowledgement waits like a message: its bytes are released like one's.
        channel.queued(acknowledgement.len());
        self.channels.insert(id, channel);
        self.events.push_back(DataEvent::Opened { channel: id, label });
    }
}
