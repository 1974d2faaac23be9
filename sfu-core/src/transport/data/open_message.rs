//! The Data Channel Establishment Protocol (RFC 8832): a peer opens a channel, we acknowledge it.

use bytes::Bytes;
use datachannel::data_channel::DataChannel;
use datachannel::message::Message;
use datachannel::message::message_channel_ack::DataChannelAck;
use sctp::ReliabilityType;
use shared::marshal::{Marshal, Unmarshal};

use crate::limits::DATA_LABEL_BYTES_MAX;

/// Type, channel type, priority, reliability and two lengths (RFC 8832 §5.1).
const OPEN_BYTES: usize = 12;

/// Message types (RFC 8832 §8.2.1).
const ACK: u8 = 2;
const OPEN: u8 = 3;

/// How messages of a channel are delivered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reliability {
    pub(super) unordered: bool,
    pub(super) kind: ReliabilityType,
    /// Repeats, or milliseconds.
    pub(super) value: u32,
}

/// What a peer says over DCEP.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Open {
        label: String,
        reliability: Reliability,
    },
    Acknowledged,
    /// It is no message, or asks for what cannot be.
    Nonsense,
}

/// Reads a DCEP message.
pub(super) fn read(message: &[u8]) -> Said {
    // The library has messages of its own beside these, which it reads past their end.
    let known = matches!(message.first(), Some(&ACK | &OPEN));
    if !known || message.len() > OPEN_BYTES + 2 * DATA_LABEL_BYTES_MAX {
        return Said::Nonsense;
    }
    match Message::unmarshal(&mut &*message) {
        Ok(Message::DataChannelAck(_)) => Said::Acknowledged,
        Ok(Message::DataChannelOpen(open)) if open.label.len() <= DATA_LABEL_BYTES_MAX => {
            let (unordered, kind) = DataChannel::get_reliability_params(open.channel_type);
            let reliability = Reliability { unordered, kind, value: open.reliability_parameter };
            String::from_utf8(open.label).map_or(Said::Nonsense, |label| Said::Open { label, reliability })
        }
        _ => Said::Nonsense,
    }
}

/// The message that acknowledges a channel.
pub(super) fn acknowledgement() -> Option<Bytes> {
    Message::DataChannelAck(DataChannelAck {}).marshal().ok().map(bytes::BytesMut::freeze)
}

#[cfg(test)]
mod tests {
    use datachannel::message::message_channel_open::{ChannelType, DataChannelOpen};

    use super::*;

    fn open(label: &[u8]) -> Vec<u8> {
        let open = DataChannelOpen {
            channel_type: ChannelType::PartialReliableRexmitUnordered,
            priority: 0,
            reliability_parameter: 3,
            label: label.to_vec(),
            protocol: vec![],
        };
        Message::DataChannelOpen(open).marshal().unwrap().to_vec()
    }

    #[test]
    fn labels_are_text_of_a_length_one_can_print() {
        let reliability = Reliability { unordered: true, kind: ReliabilityType::Rexmit, value: 3 };
        assert_eq!(read(&open(b"chat")), Said::Open { label: "chat".into(), reliability });
        assert!(matches!(read(&open(&[b'x'; DATA_LABEL_BYTES_MAX])), Said::Open { .. }));
        assert_eq!(read(&open(&[b'x'; DATA_LABEL_BYTES_MAX + 1])), Said::Nonsense);
        assert_eq!(read(&open(&[0xff])), Said::Nonsense);
        assert_eq!((read(&[]), read(&[9]), read(&[2])), (Said::Nonsense, Said::Nonsense, Said::Acknowledged));
        for kind in (0..=255).filter(|kind| ![ACK, OPEN].contains(kind)) {
            assert_eq!((read(&[kind]), read(&[kind, 1])), (Said::Nonsense, Said::Nonsense));
        }
    }
}
