//! What the control plane was last told of a room's speakers: told anew when it changed, and not too often.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::id::ParticipantKey;

use super::Voices;

/// Least time between two tellings. Quicker than an eye follows a ring around a picture.
const INTERVAL: Duration = Duration::from_millis(200);

/// What was told, and when.
#[derive(Debug, Default)]
pub struct Announced {
    dominant: Option<ParticipantKey>,
    speaking: BTreeSet<ParticipantKey>,
    at: Option<Instant>,
    /// It may know something else.
    forgotten: bool,
}

impl Announced {
    /// Whether the control plane knows less than `voices` say.
    pub fn is_behind(&self, voices: &Voices) -> bool {
        self.forgotten
            || voices.dominant() != self.dominant
            || voices.speaking().into_iter().collect::<BTreeSet<_>>() != self.speaking
    }

    /// What the control plane knows may be of another shard's telling: it is told anew.
    pub fn forget(&mut self) {
        self.forgotten = true;
    }

    /// Everybody who is heard now, loudest first, if that is to be told now.
    pub fn news(&mut self, now: Instant, voices: &Voices) -> Option<Vec<ParticipantKey>> {
        let recent = self.at.is_some_and(|at| now.saturating_duration_since(at) < INTERVAL);
        if recent || !self.is_behind(voices) {
            return None;
        }
        let speaking = voices.speaking();
        self.dominant = voices.dominant();
        self.speaking = speaking.iter().copied().collect();
        self.at = Some(now);
        self.forgotten = false;
        Some(speaking)
    }
}
