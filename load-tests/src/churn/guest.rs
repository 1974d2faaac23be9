//! One who comes and goes.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::life::{End, Half as How, Life, Part};
use crate::attack::half::{Half, Socket, websocket};
use crate::attack::puppet::{Puppet, Strings};
use crate::attack::{AttackError, Target};
use crate::lean::description::Direction;
use crate::scenario::Plan;

/// Whoever stays longer than this has connected by then. Servers may leave an address with who vanished from it, here for 8 s, and
/// the system gives ports again.
const CONNECT_MAX: Duration = Duration::from_secs(9);
/// How long a room may take to let somebody in.
const JOIN_MAX: Duration = Duration::from_secs(10);
/// Checks and handshake messages are said again at most so often by who never comes in whole.
const REPEAT: Duration = Duration::from_millis(250);

/// What of them there is.
enum Presence {
    Whole(Box<Puppet>),
    Half(Box<Half>),
    Socket(Box<Socket>),
}

pub(super) struct Guest {
    life: Life,
    came: Instant,
    said: Instant,
    presence: Presence,
}

impl Guest {
    /// Comes in as far as its life has it.
    pub(super) async fn come(strings: &Strings, life: Life) -> Result<Self, AttackError> {
        let room = strings.room("churn", life.room);
        let name = format!("guest-{}", life.number);
        let tag = Plan::video_tag(life.room, u16::try_from(life.number % 0x1000).unwrap_or(0));
        let seed = strings.target.seed.wrapping_mul(31).wrapping_add(life.number);
        let presence = match life.part {
            Part::Publish => Presence::Whole(Box::new(strings.publish(&room, &name, strings.camera(tag, seed)).await?)),
            Part::Watch => Presence::Whole(Box::new(strings.follow(&room, life.room).await?)),
            Part::Meet => Presence::Socket(Box::new(meet(&strings.target, &room, &name, life.number).await?)),
            Part::Half(How::WebSocket) => {
                Presence::Socket(Box::new(websocket(&strings.target, &room, spread(life.number)).await?))
            }
            Part::Half(how) => Presence::Half(Box::new(half(strings, &room, how).await?)),
        };
        let now = Instant::now();
        Ok(Self { life, came: now, said: now, presence })
    }

    pub(super) fn goes_at(&self) -> Instant {
        self.came + self.life.stay
    }

    /// How it goes; `None` of who never came in whole.
    pub(super) fn end(&self) -> Option<End> {
        (!matches!(self.life.part, Part::Half(_))).then_some(self.life.end)
    }

    /// What is wrong with its stay.
    pub(super) fn complaint(&self) -> Option<String> {
        let Presence::Whole(puppet) = &self.presence else { return None };
        let late = self.came.elapsed() > CONNECT_MAX && !puppet.is_connected();
        late.then(|| format!("guest {} in room {}: {:?}", self.life.number, self.life.room, puppet.phase()))
    }

    pub(super) fn turn(&mut self) {
        match &mut self.presence {
            Presence::Whole(puppet) => puppet.turn(),
            Presence::Half(half) if self.life.part != Part::Half(How::Offered) => {
                half.listen();
                if self.said.elapsed() > REPEAT {
                    self.said = Instant::now();
                    half.check();
                }
                if self.life.part == Part::Half(How::Handshaking) {
                    // What this machine cannot begin, it does not hold against the server.
                    let _ = half.begin_handshake();
                }
            }
            Presence::Half(_) | Presence::Socket(_) => {}
        }
    }

    /// Goes, and may come again.
    pub(super) fn go(self, target: &Target) -> Option<Life> {
        let end = self.end();
        match (end, self.presence) {
            (Some(End::Leave), Presence::Whole(puppet)) => {
                let target = target.clone();
                // A publisher may have been replaced, or its room closed, in the very moment.
                tokio::spawn(async move { puppet.end(&target).await });
            }
            (Some(End::Leave), Presence::Socket(mut socket)) => {
                tokio::spawn(async move {
                    let leave = Message::text(r#"{"id":2,"type":"leave"}"#);
                    let _ = socket.send(leave).await;
                    let _ = socket.close().await;
                });
            }
            _ => {}
        }
        (end == Some(End::Reload)).then(|| self.life.again())
    }
}

/// An offer, and what comes after it by and by.
async fn half(strings: &Strings, room: &str, how: How) -> Result<Half, AttackError> {
    let (socket, offer) = strings.offer(Direction::Receive)?;
    let resource = strings.target.server.watch(room, &[], offer).await?;
    let mut half = Half::new(socket, &resource.answer, strings)?;
    if how != How::Offered {
        half.check();
    }
    Ok(half)
}

/// Says who it is, and nothing more, once the room has let it in.
async fn meet(target: &Target, room: &str, name: &str, number: u64) -> Result<Socket, AttackError> {
    let mut socket = websocket(target, room, spread(number)).await?;
    let join = format!(r#"{{"id":1,"type":"join","version":1,"name":"{name}"}}"#);
    socket.send(Message::text(join)).await.map_err(|error| AttackError::WebSocket(error.to_string()))?;
    tokio::time::timeout(JOIN_MAX, joined(&mut socket)).await.map_err(|_| AttackError::Late("a room's `joined`"))??;
    Ok(socket)
}

/// Waits for the answer to `join`.
async fn joined(socket: &mut Socket) -> Result<(), AttackError> {
    let failed = |why: &dyn std::fmt::Display| AttackError::WebSocket(format!("joining: {why}"));
    loop {
        let message = socket.next().await.ok_or_else(|| failed(&"the room closed"))?.map_err(|error| failed(&error))?;
        let Message::Text(text) = message else { continue };
        let said: serde_json::Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        match said.get("type").and_then(serde_json::Value::as_str) {
            Some("joined") => return Ok(()),
            Some("error" | "ended") => return Err(failed(&text)),
            Some(_) | None => {}
        }
    }
}

/// Spreads sockets over loopback's addresses, as one may have only so many.
fn spread(number: u64) -> u32 {
    u32::try_from(number % 5_000).unwrap_or(0)
}
