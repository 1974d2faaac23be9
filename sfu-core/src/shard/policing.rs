//! Publishers who send more than they may, though they were asked not to: what is above the cap is refused where it comes in, so
//! that nobody watches, records or copies it. Who has no cap costs one look at a field for each packet.

use std::time::Instant;

use crate::codec;
use crate::event::Event;
use crate::id::{EncodingId, MediaKind, ParticipantKey, TrackId};
use crate::publish::{Judged, Notice, Policer, Received, Route, Standing, Taking, Verdict};

use super::Shard;

impl Shard {
    /// Holds a publisher to a cap, or to none any more.
    pub(super) fn hold_to(&mut self, now: Instant, key: ParticipantKey, limit: Option<u64>) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        match (participant.policer.as_mut(), limit) {
            (Some(policer), limit) => policer.set_limit(now, limit),
            (None, Some(bps)) => participant.policer = Some(Box::new(Policer::new(now, bps))),
            (None, None) => {}
        }
    }

    /// Counts what came, against a cap; says what follows from time.
    pub(super) fn count_against_cap(&mut self, now: Instant, key: ParticipantKey, bytes: usize) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(policer) = participant.policer.as_deref_mut() else { return };
        let reopen = policer.count(now, bytes);
        let notice = policer.notice(now);
        if policer.is_over() {
            participant.policer = None;
        }
        let transport = participant.membership.id;
        if let Some(notice) = notice {
            let limit_bps = match notice {
                Notice::Refused { limit_bps } => Some(limit_bps),
                Notice::AllTaken => None,
            };
            self.events.push_back(Event::PublishRefused { transport, limit_bps });
        }
        for encoding in reopen {
            if self.media.encodings.contains_key(encoding) {
                self.request_keyframe(now, encoding);
            } else if let Some(policer) = self.participants.get_mut(key).and_then(|it| it.policer.as_deref_mut()) {
                policer.forget(encoding);
            }
        }
    }

    /// Takes what does not go through `admits` from what the cap allows.
    pub(super) fn spend_of_cap(&mut self, key: ParticipantKey, bytes: usize) {
        if let Some(policer) = self.participants.get_mut(key).and_then(|it| it.policer.as_deref_mut()) {
            policer.spend(bytes);
        }
    }

    /// Whether a packet that is `bytes` long on the wire is taken, by its publisher's cap.
    pub(super) fn admits(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        route: Route,
        packet: &Received<'_>,
        bytes: usize,
    ) -> bool {
        let Some(policer) = self.participants.get_mut(key).and_then(|it| it.policer.as_deref_mut()) else {
            return true;
        };
        if policer.takes(now, bytes) {
            return true;
        }
        let is_shut = policer.is_shut(route.encoding);
        let judged = self.describe_for_cap(now, key, route, packet, bytes, is_shut);
        let Some(policer) = self.participants.get_mut(key).and_then(|it| it.policer.as_deref_mut()) else {
            return true;
        };
        let verdict = policer.judge(now, judged);
        match verdict {
            Verdict::Taken => return true,
            Verdict::TakenAgain => {
                if let Some(encoding) = self.media.encodings.get_mut(route.encoding) {
                    encoding.taking = Taking::Again;
                }
                return true;
            }
            Verdict::Refused => {}
            Verdict::RefusedFirst => self.refuse(now, key, route),
        }
        let refused = u64::try_from(bytes).unwrap_or(0);
        self.counters.packets_refused += 1;
        self.counters.bytes_refused += refused;
        if let Some(participant) = self.participants.get_mut(key) {
            participant.bytes_refused += refused;
        }
        false
    }

    /// An encoding counts as not sent from now on.
    fn refuse(&mut self, now: Instant, key: ParticipantKey, route: Route) {
        let Some(encoding) = self.media.encodings.get_mut(route.encoding) else { return };
        encoding.taking = Taking::Refused;
        encoding.ring.interrupt();
        let ssrc = encoding.ssrc;
        if let (Some(participant), Some(ssrc)) = (self.participants.get_mut(key), ssrc) {
            participant.chain.keyframe_arrived(now, route.track, ssrc);
        }
        self.introduce(now, route.encoding);
        self.attach_viewers_of(now, route.track);
    }

    fn describe_for_cap(
        &self,
        now: Instant,
        key: ParticipantKey,
        route: Route,
        packet: &Received<'_>,
        bytes: usize,
        is_shut: bool,
    ) -> Judged {
        let standing = self.standing(route.track, route.encoding);
        let found = self.media.encodings.get(route.encoding);
        let newest = found.and_then(|it| it.ring.by_sequence(it.ring.newest()?)).map(|it| it.meta.timestamp);
        let inspect = || codec::inspect(packet.codec, packet.payload).is_some_and(|seen| seen.keyframe_start);
        Judged {
            encoding: route.encoding,
            standing,
            is_dearest: !is_shut && self.is_dearest(now, key, standing, route.encoding),
            begins_frame: !packet.repeated && newest != Some(packet.timestamp),
            begins_keyframe: is_shut && !packet.repeated && inspect(),
            bytes,
        }
    }

    /// What an encoding is to its publisher's others.
    fn standing(&self, track: TrackId, encoding: EncodingId) -> Standing {
        let Some(track) = self.media.tracks.get(track) else { return Standing::Sound };
        if track.kind == MediaKind::Audio {
            return Standing::Sound;
        }
        let place = |id: &EncodingId| {
            let encoding = self.media.encodings.get(*id)?;
            Some((encoding.height.unwrap_or(u16::MAX), encoding.stats.bytes_received, *id))
        };
        let lowest = track.encodings.iter().filter_map(place).min();
        if lowest.is_some_and(|(_, _, id)| id == encoding) { Standing::Lowest } else { Standing::Upper }
    }

    /// Whether an encoding costs most of those of its standing that its publisher sends and that are not refused; what is switched
    /// off costs nothing, whatever it did.
    fn is_dearest(&self, now: Instant, key: ParticipantKey, standing: Standing, encoding: EncodingId) -> bool {
        let Some(participant) = self.participants.get(key) else { return false };
        let tracks = participant.tracks.iter().filter_map(|id| Some((*id, self.media.tracks.get(*id)?)));
        let encodings = tracks.flat_map(|(id, track)| track.encodings.iter().map(move |encoding| (id, *encoding)));
        let cost = |(track, id): (TrackId, EncodingId)| {
            let found = self.media.encodings.get(id).filter(|it| it.taking != Taking::Refused && !it.is_away(now))?;
            (self.standing(track, id) == standing).then(|| (found.rate.bps(), found.stats.bytes_received, id))
        };
        encodings.filter_map(cost).max().is_some_and(|(_, _, id)| id == encoding)
    }
}
