//! One open channel: its label, and what waits in it to be sent.

use std::collections::VecDeque;

use crate::limits::{DATA_CHANNEL_QUEUE_BYTES_MAX, DATA_CHANNEL_QUEUE_MESSAGES_MAX};

/// A channel of a transport, by the SCTP stream that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u16);

/// One channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) label: String,
    /// Whether a message was refused, and the channel is not yet half empty.
    pub(super) blocked: bool,
    /// Sizes of the messages that wait, oldest first.
    waiting: VecDeque<usize>,
    bytes: usize,
}

impl Channel {
    pub(super) fn new(label: String) -> Self {
        Self { label, blocked: false, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Bytes that wait to be sent and acknowledged.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a message of so many bytes fits.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        self.bytes + bytes <= DATA_CHANNEL_QUEUE_BYTES_MAX && self.waiting.len() < DATA_CHANNEL_QUEUE_MESSAGES_MAX
    }

    /// A message waits now.
    pub(super) fn queued(&mut self, bytes: usize) {
        self.waiting.push_back(bytes);
        self.bytes += bytes;
    }

    /// So many bytes are acknowledged, or given up. Which messages they were of is not told: the oldest stand for them.
    pub(super) fn released(&mut self, bytes: usize) {
        let mut left = bytes.min(self.bytes);
        self.bytes -= left;
        while let Some(oldest) = self.waiting.front_mut() {
            if *oldest > left {
                *oldest -= left;
                return;
            }
            left -= *oldest;
            self.waiting.pop_front();
        }
    }

    /// Whether a blocked channel has room enough again to be worth telling.
    pub(super) fn is_half_empty(&self) -> bool {
        self.bytes < DATA_CHANNEL_QUEUE_BYTES_MAX / 2 && self.waiting.len() < DATA_CHANNEL_QUEUE_MESSAGES_MAX / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_messages_fill_a_channel_as_few_large_ones_do() {
        let mut channel = Channel::new(String::new());
        while channel.fits(1) {
            channel.queued(1);
        }
        assert_eq!(channel.bytes(), DATA_CHANNEL_QUEUE_MESSAGES_MAX);
        channel.released(DATA_CHANNEL_QUEUE_MESSAGES_MAX / 2);
        assert!(channel.fits(1) && !channel.is_half_empty());
        channel.released(1);
        assert!(channel.is_half_empty());
        channel.released(usize::MAX);
        assert!(channel.bytes() == 0 && channel.fits(DATA_CHANNEL_QUEUE_BYTES_MAX));
        assert!(!channel.fits(DATA_CHANNEL_QUEUE_BYTES_MAX + 1));
    }
}
