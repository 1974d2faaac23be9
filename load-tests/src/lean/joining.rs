//! One client's way into a crowd: its socket, its offer, and with the answer on to its thread.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::LeanError;
use super::config::ClientConfig;
use super::crowd::Crowd;
use super::description::LocalParameters;
use super::diary::Diary;
use super::entrance::Session;
use super::ice::Credentials;
use super::look::Look;
use super::sender::SenderPlan;
use super::shape::{Part, Seat};
use super::worker::Joining;
use crate::client::PublishedTrack;
use crate::media::mark::PublisherTag;
use crate::media::{Clip, Codec};
use crate::scenario::Plan;
use crate::verify::Expected;

/// Characters of ICE credentials: 128 bits of a password and more (RFC 8445 §5.3).
const PWD_LEN: usize = 24;

/// Somebody in the crowd.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) session: Session,
    /// Its socket's.
    pub(super) port: u16,
}

impl Crowd {
    /// Takes a seat that is `due`: makes an offer, and hands the client to its thread with the answer. What it waits for counts from
    /// then, so that this machine's being late is in it too.
    pub(super) async fn join(&self, seat: &Seat, due: Instant) -> Result<Joined, LeanError> {
        let socket = UdpSocket::bind(&self.options.bind).map_err(LeanError::Socket)?;
        let candidate = socket.local_addr().map_err(LeanError::Socket)?;
        // Keeps the seeds of viewers and publishers apart.
        let (kind, who) = if seat.part == Part::Publish { (1, "publisher") } else { (0, "viewer") };
        let seed = (kind << 32) | (u64::from(seat.room) << 16) | u64::from(seat.number);
        let mut random = StdRng::seed_from_u64(self.shape.seed.wrapping_mul(0x9e37_79b9).wrapping_add(seed));
        let local = Credentials { ufrag: letters(&mut random, 8), pwd: letters(&mut random, PWD_LEN) };
        let fingerprint = &self.identity.fingerprint;
        let parameters = LocalParameters { ufrag: &local.ufrag, pwd: &local.pwd, fingerprint, candidate };
        let room = self.shape.room_name(seat.room);
        let (mut slots, senders) = (self.slots(seat), self.senders(seat));
        let (entered, usable) = if senders.is_empty() {
            let codecs: Vec<_> = slots.iter().map(|(codec, _)| *codec).collect();
            let entered = self.entrance.watch_on(&room, &watched(seat), &parameters, &codecs).await?;
            let usable = entered.answer.takes(&codecs).and_then(|()| entered.answer.tells_streams(&codecs));
            (entered, usable)
        } else {
            let sections = senders.iter().filter(|plan| plan.ids.begins_section());
            let tracks: Vec<_> = sections.map(|plan| (plan.track.clip.codec(), plan.ids)).collect();
            let entered =
                self.entrance.publish_tracks(&room, &Plan::identity(seat.number), &parameters, &tracks).await?;
            let codecs: Vec<_> = tracks.iter().map(|(codec, _)| *codec).collect();
            let usable = entered.answer.takes(&codecs);
            (entered, usable)
        };
        if let Err(error) = usable {
            // Why it cannot stay is told; that it could not leave either would not help.
            let _ = self.entrance.leave(&entered.session).await;
            return Err(error.into());
        }
        let pictures = slots.iter_mut().filter(|(codec, _)| codec.is_video());
        pictures.zip(entered.asked).for_each(|((_, look), asked)| look.judge_layers(asked));
        let (answer, ssrc) = (entered.answer, random.random_range(1..u32::MAX));
        let (identity, role) = (Arc::clone(&self.identity), entered.role);
        let config = ClientConfig { identity, role, local, answer, slots, senders, ssrc };
        let name = format!("{room} {who} {}", seat.number);
        let offload = self.options.offload;
        let diary = (self.keeps_diaries && seat.part != Part::Publish).then(Diary::default);
        self.fleet.join(Joining { name, number: seat.number, offered: due, socket, config, offload, diary });
        Ok(Joined { session: entered.session, port: candidate.port() })
    }

    /// One slot of each medium for each publisher that is pinned; as many as asked for where the server chooses; in an empty
    /// room one that waits.
    fn slots(&self, seat: &Seat) -> Vec<(Codec, Look)> {
        let judged = self.shape.verify.judges(seat.number);
        let look = |expected| match judged {
            true => Look::Judge { expected, clip_of: Arc::clone(&self.clip_of) },
            false => Look::Sample { every: self.shape.verify.every(), expected },
        };
        let media = self.shape.media;
        let mut slots = Vec::new();
        let mut add = |video: Expected, audio: Expected| {
            slots.extend(media.has_video().then(|| (self.shape.codec, look(video))));
            slots.extend(media.has_audio().then(|| (Codec::Opus, look(audio))));
        };
        let pinned = |publisher: u16| {
            let (video, audio) = (Plan::video_tag(seat.room, publisher), Plan::audio_tag(seat.room, publisher));
            (Expected::Publisher(video), Expected::Publisher(audio))
        };
        match &seat.part {
            Part::Publish => {}
            Part::Watch(publishers) if publishers.is_empty() => add(pinned(0).0, pinned(0).1),
            Part::Watch(publishers) => {
                let all = publishers.len() == usize::from(self.shape.publishers);
                let moving = (self.entrance.chooses_sounds() && !all).then_some(Expected::Anyone { room: seat.room });
                let seen = publishers.iter().map(|publisher| pinned(*publisher));
                seen.for_each(|(picture, sound)| add(picture, moving.unwrap_or(sound)));
            }
            Part::Follow(slots) => {
                let anyone = Expected::Anyone { room: seat.room };
                (0..*slots).for_each(|_| add(anyone, anyone));
            }
        }
        slots
    }

    /// The tracks of who publishes; they enter the cast.
    fn senders(&self, seat: &Seat) -> Vec<SenderPlan> {
        if seat.part != Part::Publish {
            return Vec::new();
        }
        let (room, publisher, media) = (seat.room, seat.number, self.shape.media);
        let track = |tag, clip: &Arc<Clip>| Arc::new(PublishedTrack::new(tag, Arc::clone(clip)));
        let plan = |track: Arc<PublishedTrack>| {
            self.cast.join(Arc::clone(&track));
            let seed = self.shape.seed.wrapping_mul(31) ^ u64::from(track.tag.0);
            SenderPlan::new(track, seed).with_silence(media.silence(), seed)
        };
        let (video, audio) = (Plan::video_tag(room, publisher), Plan::audio_tag(room, publisher));
        let mut plans = Vec::new();
        if media.has_video() {
            plans.extend(self.encodings(video).into_iter().map(|(tag, clip)| plan(track(tag, clip))));
            if plans.len() > 1 {
                plans = plans.into_iter().zip(0..).map(|(plan, encoding)| plan.of_simulcast(encoding)).collect();
            }
        }
        plans.extend(media.has_audio().then(|| plan(track(audio, &self.audio))));
        plans
    }

    /// Each encoding of a camera, smallest first.
    fn encodings(&self, camera: PublisherTag) -> Vec<(PublisherTag, &Arc<Clip>)> {
        self.video.iter().zip(0..).map(|(clip, encoding)| (camera.of_encoding(encoding), clip)).collect()
    }
}

fn watched(seat: &Seat) -> Vec<String> {
    match &seat.part {
        Part::Watch(publishers) => publishers.iter().map(|publisher| Plan::identity(*publisher)).collect(),
        Part::Publish | Part::Follow(_) => Vec::new(),
    }
}

fn letters(random: &mut StdRng, length: usize) -> String {
    (0..length).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
