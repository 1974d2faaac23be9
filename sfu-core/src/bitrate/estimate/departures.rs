//! What each packet is noted in as it leaves, apart from all that only feedback asks for: a viewer's packets leave many at a time,
//! and before them those of others, so that whatever is touched must be fetched from memory each time.

use std::time::Instant;

use super::cluster::Cluster;
use super::history::{SendHistory, SentKind};
use super::open_probe::OpenProbe;
use super::rates::SECOND_US;
use crate::rtp::SeqNo;

/// What left.
#[derive(Debug)]
pub struct Departures {
    epoch: Instant,
    pub history: SendHistory,
    /// When the first packet left that no feedback came after.
    pub unanswered_us: Option<u64>,
    /// Of media and repeats.
    media_bytes: u64,
    pub probe: Option<OpenProbe>,
}

impl Departures {
    pub fn new(now: Instant) -> Self {
        Self { epoch: now, history: SendHistory::new(), unanswered_us: None, media_bytes: 0, probe: None }
    }

    /// A packet of so many bytes leaves; its number.
    #[inline]
    pub fn note(&mut self, now: Instant, bytes: usize, kind: SentKind) -> SeqNo {
        let now_us = self.us(now);
        let counted = u64::try_from(bytes).unwrap_or(0);
        self.unanswered_us.get_or_insert(now_us);
        match kind {
            SentKind::Media | SentKind::Repeat => self.media_bytes = self.media_bytes.wrapping_add(counted),
            SentKind::Padding => {}
        }
        let cluster = self.probe.as_mut().and_then(|probe| probe.note_sent(now_us, counted));
        self.history.push(now_us, bytes, cluster)
    }

    /// Of media and repeats so far, bytes.
    pub fn media_bytes(&self) -> u64 {
        self.media_bytes
    }

    /// What leaves from now on is measured as well.
    pub fn begin_probe(&mut self, cluster: Cluster) {
        self.probe = Some(OpenProbe::new(cluster));
    }

    /// Since the epoch.
    #[inline]
    pub fn us(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch);
        since.as_secs() * SECOND_US + u64::from(since.subsec_micros())
    }

    /// A time since the epoch.
    pub fn instant(&self, at_us: u64) -> Option<Instant> {
        self.epoch.checked_add(std::time::Duration::from_micros(at_us))
    }
}
