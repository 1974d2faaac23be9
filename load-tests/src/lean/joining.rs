//! One client's way into a crowd: its socket, its offer by WHIP or WHEP, and with the answer on to its thread.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::LeanError;
use super::config::ClientConfig;
use super::crowd::Crowd;
use super::description::{Answer, Direction, LocalParameters, offer};
use super::ice::{Credentials, IceRole};
use super::sender::SenderPlan;
use super::shape::Seat;
use super::slot::Look;
use super::worker::Joining;
use crate::client::Resource;
use crate::media::Codec;
use crate::scenario::Plan;
use crate::verify::Expected;

/// Characters of ICE credentials: 128 bits of a password and more (RFC 8445 §5.3).
const PWD_LEN: usize = 24;

/// A session.
pub(super) struct Joined {
    pub(super) resource: Resource,
    /// Its socket's.
    pub(super) port: u16,
}

/// What a client does.
pub(super) enum Part {
    Watch { publishers: Vec<String>, slots: Vec<(Codec, Look)> },
    Publish(Vec<SenderPlan>),
}

impl Part {
    fn sections(&self) -> Vec<(Codec, Direction)> {
        match self {
            Self::Watch { slots, .. } => slots.iter().map(|(codec, _)| (*codec, Direction::Receive)).collect(),
            Self::Publish(senders) => {
                senders.iter().map(|plan| (plan.track.clip.codec(), Direction::Send(plan.ids))).collect()
            }
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Watch { .. } => "viewer",
            Self::Publish(_) => "publisher",
        }
    }

    /// Keeps the seeds of viewers and publishers apart.
    const fn kind(&self) -> u64 {
        match self {
            Self::Watch { .. } => 0,
            Self::Publish(_) => 1,
        }
    }
}

impl Crowd<'_> {
    /// Makes an offer, and hands the client to its thread with the answer.
    pub(super) async fn join(&self, room: u16, number: u16, part: Part) -> Result<Joined, LeanError> {
        let socket = UdpSocket::bind(&self.options.bind).map_err(LeanError::Socket)?;
        let candidate = socket.local_addr().map_err(LeanError::Socket)?;
        let seed = (part.kind() << 32) | (u64::from(room) << 16) | u64::from(number);
        let mut random = StdRng::seed_from_u64(self.shape.seed.wrapping_mul(0x9e37_79b9).wrapping_add(seed));
        let local = Credentials { ufrag: letters(&mut random, 8), pwd: letters(&mut random, PWD_LEN) };
        let parameters = LocalParameters {
            ufrag: &local.ufrag,
            pwd: &local.pwd,
            fingerprint: &self.identity.fingerprint,
            candidate,
        };
        let offer = offer(&parameters, &part.sections());
        let room_name = self.shape.stage_plan("").room_name(room);
        let name = format!("{room_name} {} {number}", part.name());
        let offered = Instant::now();
        let (resource, slots, senders) = match part {
            Part::Watch { publishers, slots } => {
                (self.server.watch(&room_name, &publishers, offer).await?, slots, Vec::new())
            }
            Part::Publish(senders) => {
                (self.server.publish(&room_name, &Plan::identity(number), offer).await?, Vec::new(), senders)
            }
        };
        let answer = Answer::parse(&resource.answer)?;
        let ssrc = random.random_range(1..u32::MAX);
        let (identity, role) = (Arc::clone(&self.identity), IceRole::Controlling);
        let config = ClientConfig { identity, role, local, answer, slots, senders, ssrc };
        self.fleet.join(Joining { name, offered, socket, config, offload: self.options.offload });
        Ok(Joined { resource, port: candidate.port() })
    }

    /// One slot of video, and one of audio where there is any, for each publisher; in an empty room one that waits.
    pub(super) fn slots(&self, seat: &Seat) -> Vec<(Codec, Look)> {
        let judged = self.shape.verify.judges(seat.number);
        let look = |tag| match judged {
            true => Look::Judge { expected: Expected::Publisher(tag), clip_of: Arc::clone(&self.clip_of) },
            false => Look::Sample { every: self.shape.verify.every() },
        };
        let waiting = [0];
        let watches = if seat.watches.is_empty() { &waiting[..] } else { &seat.watches };
        let mut slots = Vec::new();
        for publisher in watches {
            slots.push((self.shape.codec, look(Plan::video_tag(seat.room, *publisher))));
            if self.shape.audio {
                slots.push((Codec::Opus, look(Plan::audio_tag(seat.room, *publisher))));
            }
        }
        slots
    }
}

fn letters(random: &mut StdRng, length: usize) -> String {
    (0..length).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
