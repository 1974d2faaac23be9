//! What came to a viewer's own socket, and which frames it showed: written down as it comes, read when the viewer has left.

use std::time::{Duration, Instant};

use super::entrance::Session;
use crate::media::mark::PublisherTag;

/// Entries of each kind that one diary takes: an hour of 500 looks a second that bring something.
const ENTRIES_MAX: usize = 2_000_000;

/// What one look at a socket brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it was read, at most [`Diary::latest_look`] after it came.
    pub at: Instant,
    /// UDP payload of all datagrams, whatever they were.
    pub bytes: u64,
}

/// A whole frame, of video or of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub at: Instant,
    pub of: PublisherTag,
}

/// One viewer's.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    pub arrivals: Vec<Arrival>,
    pub frames: Vec<Shown>,
    looked: Option<Instant>,
    /// The longest time between two looks at its socket: what came meanwhile is stamped too late by up to as much.
    pub latest_look: Duration,
    /// Entries for which there was no room.
    pub left_out: u64,
}

/// Whose diary it was.
#[derive(Clone, Debug)]
pub struct KeptDiary {
    pub session: Session,
    /// Of its seat.
    pub number: u16,
    pub diary: Diary,
}

impl Diary {
    /// So many bytes were read at `now`.
    pub(super) fn arrive(&mut self, now: Instant, bytes: usize) {
        self.look(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.arrivals.len() {
            _ if bytes == 0 => {}
            ENTRIES_MAX => self.left_out += 1,
            _ => self.arrivals.push(Arrival { at: now, bytes }),
        }
    }

    /// A frame came whole at `now`.
    pub(super) fn show(&mut self, now: Instant, of: PublisherTag) {
        match self.frames.len() {
            ENTRIES_MAX => self.left_out += 1,
            _ => self.frames.push(Shown { at: now, of }),
        }
    }

    /// The thread is awake at `now`.
    pub(super) fn look(&mut self, now: Instant) {
        if let Some(before) = self.looked.replace(now) {
            self.latest_look = self.latest_look.max(now.saturating_duration_since(before));
        }
    }
}
