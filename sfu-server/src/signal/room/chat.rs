//! The room's conversation: one order, the newest kept.

use std::collections::VecDeque;

use crate::signal::limits::CHAT_KEPT_MAX;
use crate::signal::wire::ChatMessage;

#[derive(Debug, Default)]
pub(super) struct Chat {
    kept: VecDeque<ChatMessage>,
    /// Number of the newest.
    number: u64,
}

impl Chat {
    /// Takes a message in and gives it its number.
    pub fn add(&mut self, from: String, name: String, text: String, at_ms: u64) -> ChatMessage {
        self.number += 1;
        let message = ChatMessage { number: self.number, from, name, text, at_ms };
        if self.kept.len() == CHAT_KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(message.clone());
        message
    }

    /// What is kept, oldest first.
    pub fn history(&self) -> Vec<ChatMessage> {
        self.kept.iter().cloned().collect()
    }
}
