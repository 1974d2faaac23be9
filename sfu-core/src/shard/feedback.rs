//! The walk backwards: what subscribers and publishers say over RTCP becomes repeats, keyframe requests and reports.

use std::time::Instant;

use crate::id::{EncodingId, MediaKind, ParticipantKey, Ssrc};
use crate::interceptor::{ControlEvent, SenderSample};
use crate::rtp::{MediaClock, RtpTime};

use super::Shard;
use super::wall_clock::{moment, ntp};

impl Shard {
    /// Acts on one thing that a participant's control chain says.
    pub(super) fn control(&mut self, now: Instant, key: ParticipantKey, event: ControlEvent) {
        match event {
            ControlEvent::KeyframeRequested { ssrc } => self.keyframe_requested(now, key, ssrc),
            ControlEvent::Retransmit { ssrc, sequences } => {
                let Some(participant) = self.participants.get_mut(key) else { return };
                let Some(assigned) = participant.slot_by_ssrc(ssrc) else { return };
                assigned.slot.stats.nack_count += 1;
                assigned.slot.owe_repeats(sequences);
            }
            ControlEvent::RepairAbandoned { ssrc, .. } => {
                if let Some(encoding) = self.encoding_by_ssrc(key, ssrc) {
                    self.request_keyframe(now, encoding);
                }
            }
            ControlEvent::SenderReportsDue { ssrcs } => {
                for ssrc in ssrcs {
                    self.report(now, key, ssrc);
                }
            }
            ControlEvent::SenderClock { ssrc, ntp, rtp } => self.note_clock(now, key, ssrc, ntp, rtp),
            ControlEvent::Bye { ssrc } => tracing::debug!(%ssrc, "a publisher ended a stream"),
            ControlEvent::Remb { bitrate_bps } => self.receiver_can_take(now, key, bitrate_bps),
            // Losses show as NACKs, and in transport-wide feedback.
            ControlEvent::Reception(_) => {}
        }
    }

    fn keyframe_requested(&mut self, now: Instant, key: ParticipantKey, ssrc: Ssrc) {
        let Some(assigned) = self.participants.get_mut(key).and_then(|it| it.slot_by_ssrc(ssrc)) else { return };
        assigned.slot.stats.pli_count += 1;
        if let Some(encoding) = assigned.slot.encoding() {
            self.request_keyframe(now, encoding);
        }
    }

    /// Has an encoding's publisher asked for a keyframe; its chain makes few requests out of many.
    pub(super) fn request_keyframe(&mut self, now: Instant, encoding: EncodingId) {
        let Some(found) = self.media.encodings.get(encoding) else { return };
        let (Some(ssrc), Some(track)) = (found.ssrc, self.media.tracks.get(found.track)) else { return };
        if track.kind != MediaKind::Video || track.is_muted() || !track.answers_keyframe_requests() {
            return;
        }
        // What begins anew begins with one; a request now would only disturb the others.
        if found.is_away(now) {
            return;
        }
        if let Some(home) = found.home {
            return self.relays.ask_for_keyframe(home.shard, home.encoding);
        }
        let publisher = track.owner.participant;
        let Some(participant) = self.participants.get_mut(publisher) else { return };
        participant.chain.request_keyframe(now, found.track, ssrc);
        self.send_queue.push(publisher, &mut participant.egress);
        let due = participant.next_due(now);
        self.timers.set(crate::timer::Timer::Participant(publisher), due);
    }

    fn encoding_by_ssrc(&self, key: ParticipantKey, ssrc: Ssrc) -> Option<EncodingId> {
        self.participants.get(key)?.demux.route(ssrc).map(|route| route.encoding)
    }

    /// Notes a publisher's sender report. The first one fixes the participant's offset, for all its tracks and for good.
    fn note_clock(&mut self, now: Instant, key: ParticipantKey, ssrc: Ssrc, theirs: u64, timestamp: RtpTime) {
        // Zero: the publisher has no wall clock (RFC 3550 §6.4.1).
        if theirs == 0 {
            return;
        }
        let ours = ntp(now, self.config.epoch);
        let Some(encoding) = self.encoding_by_ssrc(key, ssrc) else { return };
        let Some(participant) = self.participants.get_mut(key) else { return };
        let offset = *participant.ntp_offset.get_or_insert(ours.wrapping_sub(theirs));
        let room = participant.membership.room.clone();
        let at = moment(now, ours, theirs.wrapping_add(offset));
        let clock = at.map(|at| MediaClock { timestamp, at });
        if let Some(encoding) = self.media.encodings.get_mut(encoding) {
            encoding.ring.clock = clock;
        }
        self.announce_clock(&room, encoding, clock);
        self.resume_reports(now, encoding);
    }

    /// Begins the reports of slots that could not be reported on until now.
    pub(super) fn resume_reports(&mut self, now: Instant, encoding: EncodingId) {
        let readers = self.media.readers.get(encoding).cloned().unwrap_or_default();
        for reader in readers {
            let Some(participant) = self.participants.get_mut(reader) else { continue };
            let silent: Vec<Ssrc> = participant
                .slots
                .iter()
                .filter(|assigned| !assigned.reporting && assigned.slot.encoding() == Some(encoding))
                .map(|assigned| assigned.slot.ssrc)
                .collect();
            for ssrc in silent {
                self.report(now, reader, ssrc);
            }
        }
    }

    /// Answers for a slot where its media clock stands now (RFC 3550 §6.4.1).
    pub(super) fn report(&mut self, now: Instant, key: ParticipantKey, ssrc: Ssrc) {
        let sample = self.sample(now, key, ssrc);
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(assigned) = participant.slot_by_ssrc(ssrc) else { return };
        assigned.reporting = sample.is_some();
        if let Some(sample) = sample {
            participant.chain.sender_sample(now, sample);
            self.send_queue.push(key, &mut participant.egress);
        }
    }

    fn sample(&self, now: Instant, key: ParticipantKey, ssrc: Ssrc) -> Option<SenderSample> {
        let ntp = ntp(now, self.config.epoch);
        let participant = self.participants.get(key)?;
        let slot = &participant.slots.iter().find(|assigned| assigned.slot.ssrc == ssrc)?.slot;
        // A publisher that sends no reports has no common clock for its tracks: nothing is claimed for it.
        let clock = self.media.ring(slot.encoding()?)?.clock?;
        let rtp = clock.time_at(now, slot.kind.clock_rate()).plus(slot.timestamp_offset()?);
        let wrapped = |count: u64| u32::try_from(count & u64::from(u32::MAX)).unwrap_or(0);
        Some(SenderSample {
            ssrc,
            ntp,
            rtp,
            packets: wrapped(slot.stats.packets_sent),
            octets: wrapped(slot.stats.bytes_sent),
        })
    }
}
