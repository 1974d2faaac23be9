//! Data channels of a participant: what comes in is told, or echoed; what goes out is bounded.

use std::time::Instant;

use bytes::Bytes;

use crate::command::DataPayload;
use crate::event::Event;
use crate::id::{ParticipantKey, TransportId};
use crate::limits::{DATA_MESSAGE_BYTES_MAX, DATA_PACKETS_PER_TURN};
use crate::sdp::DataChannel;
use crate::transport::{DataChannels, DataCounters, DataEvent, Pair};

use super::Shard;
use super::participant::Participant;

/// Channels of this label get back what they send, for whoever measures the way here and back.
const ECHO: &str = "echo";

/// What data channels cost somebody who never opens one.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// Largest message that the peer takes, bytes; `None`: no data channels were agreed on.
    peer_message_bytes_max: Option<usize>,
    /// Made when the peer's first packet comes.
    channels: Option<Box<DataChannels>>,
    /// Packets sent since media had its turn.
    sent_in_turn: u8,
}

/// When data is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    First,
    /// No media is pending.
    AfterMedia,
}

impl Data {
    /// Notes what offer and answer agreed on.
    pub fn agree(&mut self, agreed: &DataChannel) {
        let announced = agreed.remote_message_bytes_max.and_then(|bytes| usize::try_from(bytes).ok());
        self.peer_message_bytes_max = Some(announced.unwrap_or(DATA_MESSAGE_BYTES_MAX));
    }

    pub fn counters(&self) -> DataCounters {
        self.channels.as_ref().map_or_else(DataCounters::default, |channels| *channels.counters())
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.channels.as_ref().and_then(|channels| channels.poll_timeout())
    }

    /// Media was sent, or had nothing to send.
    pub fn media_had_its_turn(&mut self) {
        self.sent_in_turn = 0;
    }

    fn poll_event(&mut self) -> Option<DataEvent> {
        self.channels.as_mut().and_then(|channels| channels.poll_event())
    }
}

impl Participant {
    /// The next datagram of data; none if media must have its turn first.
    pub(super) fn poll_data(&mut self, now: Instant, turn: Turn) -> Option<(Pair, Bytes)> {
        let channels = self.data.channels.as_mut()?;
        if turn == Turn::AfterMedia {
            self.data.sent_in_turn = 0;
        }
        if self.data.sent_in_turn >= DATA_PACKETS_PER_TURN {
            return None;
        }
        let packet = channels.poll_packet()?;
        self.data.sent_in_turn += 1;
        self.connection.send_application_data(now, &packet);
        self.connection.poll_datagram()
    }
}

impl Shard {
    /// Sends a message to a participant's channels of a label.
    pub(super) fn send_data(&mut self, now: Instant, transport: TransportId, label: &str, payload: &DataPayload) {
        let Some(key) = self.addresses.by_id(transport) else { return };
        self.guard(now, key, |shard| {
            match shard.participants.get_mut(key).and_then(|participant| participant.data.channels.as_mut()) {
                Some(channels) => channels.send(now, label, payload),
                None => shard.counters.data_undelivered += 1,
            }
            shard.tell_data(now, key);
            shard.settle(now, key);
        });
    }

    /// Takes in an SCTP packet.
    pub(super) fn receive_data(&mut self, now: Instant, key: ParticipantKey, packet: Bytes) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(peer_message_bytes_max) = participant.data.peer_message_bytes_max else {
            self.counters.data_not_agreed += 1;
            return;
        };
        let new = || Box::new(DataChannels::new(now, peer_message_bytes_max));
        participant.data.channels.get_or_insert_with(new).handle_packet(now, packet);
        self.tell_data(now, key);
    }

    /// Does what data channels have due.
    pub(super) fn data_due(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(channels) = &mut participant.data.channels else { return };
        channels.handle_timeout(now);
        self.tell_data(now, key);
    }

    /// Tells the control plane what the channels say, and answers what is to be echoed.
    fn tell_data(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let transport = participant.membership.id;
        while let Some(event) = participant.data.poll_event() {
            self.events.push_back(match event {
                DataEvent::Opened { label, .. } => Event::DataOpened { transport, label },
                DataEvent::Message { channel, label, payload } if label == ECHO => {
                    if let Some(channels) = &mut participant.data.channels {
                        channels.send_on(now, channel, &payload);
                    }
                    continue;
                }
                DataEvent::Message { label, .. } if !self.config.data_labels.contains(&label) => {
                    self.counters.data_unheard += 1;
                    continue;
                }
                DataEvent::Message { label, payload, .. } => Event::Data { transport, label, payload },
                DataEvent::Blocked { label } => Event::DataBlocked { transport, label },
                DataEvent::Writable { label } => Event::DataWritable { transport, label },
                DataEvent::Closed { label } => Event::DataClosed { transport, label },
            });
        }
    }
}
