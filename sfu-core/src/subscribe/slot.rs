//! A receiving m-section: one SSRC for life, fed from one ring at a time, with the repeats it owes.
//!
//! Invariant: the first packet after every change of feed can be decoded without what came before it.

mod sending;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::bitrate::Frames;
use crate::codec::Codec;
use crate::id::{EncodingId, MediaKind, Mid, Ssrc};
use crate::limits::{KEYFRAME_REPLAY_MAX, LIVE_AGE_MAX};
use crate::ring::Ring;
use crate::rtp::{ExtSeqNo, SeqNo};
use crate::sdp::{ExtensionIds, NegotiatedCodec};

use super::feed::{Feed, FeedState};
use super::formats::Formats;
use super::outgoing::SendExtensions;
use super::rewriter::Rewriter;
use super::slot_stats::SlotStats;

/// One slot.
#[derive(Debug)]
pub struct Slot {
    pub mid: Mid,
    pub kind: MediaKind,
    pub ssrc: Ssrc,
    pub rtx: Option<Ssrc>,
    formats: Formats,
    extensions: SendExtensions,
    rewriter: Rewriter,
    feed: Option<Feed>,
    /// Takes over from `feed` at its first keyframe.
    upcoming: Option<Feed>,
    /// Since when that is awaited.
    upcoming_since: Option<Instant>,
    /// Packets come in a format that was not agreed to.
    mismatched: bool,
    /// What the slot does has changed since somebody looked.
    changed: bool,
    /// Somebody should ask for a keyframe; told once.
    wants_keyframe: bool,
    /// When that was last decided.
    wanted_since: Option<Instant>,
    /// The picture was stopped: nobody has any use for its repeats.
    stopped: bool,
    repeats: VecDeque<SeqNo>,
    next_repeat: ExtSeqNo,
    pub stats: SlotStats,
}

/// The numbers with which a slot's streams begin, drawn by the caller.
#[derive(Debug, Clone, Copy)]
pub struct FirstNumbers {
    pub media: u16,
    pub rtx: u16,
}

impl Slot {
    /// An empty slot on the SSRCs that the answer announced.
    pub fn new(
        mid: Mid,
        kind: MediaKind,
        ssrcs: (Ssrc, Option<Ssrc>),
        codecs: Vec<NegotiatedCodec>,
        ids: ExtensionIds,
        first: FirstNumbers,
    ) -> Self {
        let repeats_in_place = ssrcs.1.is_none() && codecs.iter().any(|codec| codec.feedback.nack);
        Self {
            mid,
            kind,
            ssrc: ssrcs.0,
            rtx: ssrcs.1,
            formats: Formats::new(codecs),
            extensions: SendExtensions { ids, per_sending: !repeats_in_place },
            rewriter: Rewriter::new(first.media, kind.clock_rate()),
            feed: None,
            upcoming: None,
            upcoming_since: None,
            mismatched: false,
            changed: false,
            wants_keyframe: false,
            wanted_since: None,
            stopped: false,
            repeats: VecDeque::new(),
            next_repeat: ExtSeqNo(u64::from(first.rtx & 0x7fff)),
            stats: SlotStats::default(),
        }
    }

    /// Takes over the formats of a further answer.
    pub fn set_codecs(&mut self, codecs: &[NegotiatedCodec]) {
        self.formats = Formats::new(codecs.to_vec());
    }

    /// The header extensions of this slot's packets.
    pub fn extensions(&self) -> &SendExtensions {
        &self.extensions
    }

    /// Whether this slot can carry a format.
    pub fn carries(&self, codec: Codec) -> bool {
        self.formats.find(codec).is_some()
    }

    /// The encoding that feeds the slot now.
    pub fn encoding(&self) -> Option<EncodingId> {
        self.feed.map(|feed| feed.encoding)
    }

    /// The encoding that feeds the slot, or is about to.
    pub fn target(&self) -> Option<EncodingId> {
        self.upcoming.or(self.feed).map(|feed| feed.encoding)
    }

    /// Whether packets flow: the feed has begun.
    pub fn is_live(&self) -> bool {
        self.feed.is_some_and(|feed| feed.state == FeedState::Live)
    }

    /// Whether nothing can be sent, or switched to, before another keyframe comes.
    pub fn awaits_keyframe(&self) -> bool {
        self.upcoming.or(self.feed).is_some_and(|feed| feed.state == FeedState::AwaitingKeyframe)
    }

    /// Whether what comes is in a format that the slot did not agree to.
    pub fn is_mismatched(&self) -> bool {
        self.mismatched
    }

    /// Whether what the slot does has changed since this was asked last.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The encoding that must be asked for a keyframe, once after each attachment or skip that makes it necessary; the wish
    /// stays until the encoding can be asked.
    pub fn take_keyframe_wish(&mut self, can_be_asked: impl Fn(EncodingId) -> bool) -> Option<EncodingId> {
        let wanted = self.wants_keyframe && self.awaits_keyframe() && self.kind == MediaKind::Video;
        let encoding = self.target().filter(|encoding| wanted && can_be_asked(*encoding))?;
        self.wants_keyframe = false;
        Some(encoding)
    }

    /// What is added to the current encoding's timestamps.
    pub fn timestamp_offset(&self) -> Option<u32> {
        self.rewriter.timestamp_offset_now()
    }

    /// Changes what feeds the slot. What feeds it now goes on until the new one can be decoded.
    pub fn attach(&mut self, encoding: EncodingId, ring: &Ring, now: Instant) {
        if self.target() == Some(encoding) {
            return;
        }
        if self.encoding() == Some(encoding) {
            self.upcoming = None;
            return;
        }
        // Who sees a picture already would see it jump back.
        let age_max = if self.is_live() { LIVE_AGE_MAX } else { KEYFRAME_REPLAY_MAX };
        let feed = Feed::new(encoding, ring, now, age_max);
        self.changed = true;
        self.mismatched = false;
        self.wants_keyframe = ring.keyframe().is_none_or(|keyframe| keyframe < feed.cursor);
        self.wanted_since = Some(now);
        if self.is_live() {
            self.upcoming = Some(feed);
            self.upcoming_since = Some(now);
        } else {
            self.feed = Some(feed);
            self.upcoming = None;
        }
    }

    /// Which frames of what feeds the slot, or is about to, are to be sent. Fewer from the next frame on, more once that can be
    /// decoded; nothing is asked for.
    pub fn set_frames(&mut self, frames: Frames) {
        if let Some(feed) = self.upcoming.as_mut().or(self.feed.as_mut()) {
            feed.frames = frames;
        }
    }

    /// The same for what feeds the slot while something else is awaited.
    pub fn set_frames_of_what_is_left(&mut self, frames: Frames) {
        if let Some(feed) = self.feed.as_mut().filter(|_| self.upcoming.is_some()) {
            feed.frames = frames;
        }
    }

    /// Which frames of what feeds the slot now are sent.
    pub fn frames(&self) -> Frames {
        self.rewriter.frames()
    }

    /// Stops what feeds the slot now, if what is to take over has been awaited for `patience`: for where the one costs too much.
    pub fn stop_what_is_left(&mut self, now: Instant, patience: Duration) {
        let is_long = self.upcoming_since.is_some_and(|since| now.saturating_duration_since(since) >= patience);
        if is_long && let Some(upcoming) = self.upcoming.take() {
            self.feed = Some(upcoming);
            self.changed = true;
            self.owe_nothing();
        }
    }

    /// Shows nothing any more.
    pub fn clear(&mut self) {
        self.changed |= self.feed.is_some();
        self.mismatched = false;
        self.feed = None;
        self.upcoming = None;
        self.owe_nothing();
    }

    /// Of a picture that was stopped nothing is owed any more: what follows it begins with a key frame.
    fn owe_nothing(&mut self) {
        self.stopped = true;
        self.repeats.clear();
    }

    /// Forgets `encoding`, which is gone.
    pub fn detach(&mut self, encoding: EncodingId) {
        self.changed = true;
        if self.encoding() == Some(encoding) {
            self.feed = self.upcoming.take();
        }
        if self.upcoming.is_some_and(|feed| feed.encoding == encoding) {
            self.upcoming = None;
        }
    }
}
