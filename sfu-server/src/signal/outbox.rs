//! What waits to be sent over one socket: bounded in messages and bytes. A reader that does not keep up is cut off; it may
//! come back and is told everything anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, watch};

use super::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// The room's end; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    bytes: Arc<AtomicUsize>,
    state: watch::Sender<OutboxState>,
}

/// The socket's end.
#[derive(Debug)]
pub struct OutboxQueue {
    queue: mpsc::Receiver<Outgoing>,
    bytes: Arc<AtomicUsize>,
}

/// One thing to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Text(Utf8Bytes),
    /// The last: closes the socket with this code (RFC 6455 §7.4).
    Close(u16),
}

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    Open,
    /// The last message is on its way.
    Ended,
    /// The socket's peer reads too slowly.
    Overflowed,
}

/// More waits than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

/// Makes both ends, and the sight of its state.
pub fn channel() -> (Outbox, OutboxQueue, watch::Receiver<OutboxState>) {
    // One place more, kept for the end.
    let (sender, receiver) = mpsc::channel(OUTBOX_MESSAGES_MAX + 1);
    let bytes = Arc::new(AtomicUsize::new(0));
    let (state, seen) = watch::channel(OutboxState::Open);
    let outbox = Outbox { queue: sender, bytes: Arc::clone(&bytes), state };
    (outbox, OutboxQueue { queue: receiver, bytes }, seen)
}

impl Outbox {
    /// Queues a message; nothing after the end, which is no error.
    pub fn push(&self, text: &Utf8Bytes) -> Result<(), Overflow> {
        if *self.state.borrow() != OutboxState::Open {
            return Ok(());
        }
        let queued = self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        let fits = queued == 0 || queued + text.len() <= OUTBOX_BYTES_MAX;
        if !fits || self.queue.capacity() <= 1 || self.queue.try_send(Outgoing::Text(text.clone())).is_err() {
            self.state.send_replace(OutboxState::Overflowed);
            return Err(Overflow);
        }
        Ok(())
    }

    /// Closes the socket after what is queued.
    pub fn end(&self, code: u16) {
        if *self.state.borrow() == OutboxState::Open {
            // Full or gone: then the socket is given up at its own pace.
            let _ = self.queue.try_send(Outgoing::Close(code));
            self.state.send_replace(OutboxState::Ended);
        }
    }
}

impl OutboxQueue {
    /// The next to be sent; `None` once nobody can send any more.
    pub async fn next(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.recv().await?;
        if let Outgoing::Text(text) = &outgoing {
            self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
        }
        Some(outgoing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_bounded_by_number() {
        let (outbox, _queue, state) = channel();
        let text = Utf8Bytes::from_static("x");
        for _ in 0..OUTBOX_MESSAGES_MAX {
            outbox.push(&text).unwrap();
        }
        assert_eq!(outbox.push(&text), Err(Overflow));
        assert_eq!(*state.borrow(), OutboxState::Overflowed);
    }

    #[test]
    fn messages_are_bounded_by_bytes_and_room_is_made_by_sending() {
        let (outbox, mut queue, state) = channel();
        let text = Utf8Bytes::from("x".repeat(OUTBOX_BYTES_MAX / 4));
        for _ in 0..4 {
            outbox.push(&text).unwrap();
        }
        assert!(futures::executor::block_on(queue.next()).is_some());
        outbox.push(&text).unwrap();
        assert_eq!(outbox.push(&text), Err(Overflow));
        assert_eq!(*state.borrow(), OutboxState::Overflowed);
    }

    #[test]
    fn the_end_comes_after_what_is_queued_and_nothing_after_the_end() {
        let (outbox, mut queue, _) = channel();
        outbox.push(&Utf8Bytes::from_static("a")).unwrap();
        outbox.end(1000);
        outbox.push(&Utf8Bytes::from_static("b")).unwrap();
        drop(outbox);
        let mut sent = Vec::new();
        while let Some(outgoing) = futures::executor::block_on(queue.next()) {
            sent.push(outgoing);
        }
        assert_eq!(sent, [Outgoing::Text(Utf8Bytes::from_static("a")), Outgoing::Close(1000)]);
    }
}
