//! Viewers in rooms, as the page has them: they join over the WebSocket, and say by layouts whom each slot shows and how high.
//! Publishers come by WHIP.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::LeanError;
use super::description::{Answer, Direction, LocalParameters, offer};
use super::entrance::{Entered, Entrance, Session};
use super::ice::IceRole;
use super::layers::Asked;
use super::room_socket::{RoomError, RoomSocket, text};
use super::sender::SenderIds;
use super::told::Told;
use crate::client::Server;
use crate::media::Codec;

/// How often a server that does not say wants to be pinged.
const PING_INTERVAL_DEFAULT_MS: u64 = 10_000;
/// Height of a slot whose publishers have one encoding: any, as long as it is not hidden.
const ANY_HEIGHT: u16 = 360;

/// Longer than any run.
const NEVER: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What viewers ask for.
#[derive(Clone, Copy, Debug)]
pub struct Layouts {
    /// Heights of the publishers' encodings, smallest first: one of them is asked for each slot, by chance.
    pub heights: &'static [u16],
    /// Between two layouts of a viewer; `None` leaves the first.
    pub change_every: Option<Duration>,
}

/// A viewer's seat in a room, kept until it leaves.
#[derive(Debug)]
struct Sitting {
    stop: CancellationToken,
    task: JoinHandle<Result<(), RoomError>>,
}

/// A server with rooms.
#[derive(Debug)]
pub struct Rooms {
    server: Server,
    layouts: Layouts,
    ear: Option<Told>,
    sittings: Mutex<BTreeMap<String, Sitting>>,
}

impl Rooms {
    pub fn new(server: Server, layouts: Layouts) -> Self {
        Self { server, layouts, ear: None, sittings: Mutex::default() }
    }

    /// Gathers in `ear` what viewers are told of their slots.
    #[must_use]
    pub fn heard_by(self, ear: Told) -> Self {
        Self { ear: Some(ear), ..self }
    }
}

#[async_trait]
impl Entrance for Rooms {
    async fn publish_tracks(
        &self,
        room: &str,
        identity: &str,
        local: &LocalParameters<'_>,
        tracks: &[(Codec, SenderIds)],
    ) -> Result<Entered, LeanError> {
        self.server.publish_tracks(room, identity, local, tracks).await
    }

    async fn watch_on(
        &self,
        room: &str,
        publishers: &[String],
        local: &LocalParameters<'_>,
        slots: &[Codec],
    ) -> Result<Entered, LeanError> {
        let mut url = self.server.socket_of(room)?;
        let mut socket = RoomSocket::connect(&url).await?;
        let joined = socket.join(local.ufrag).await?;
        if let Some(ear) = &self.ear {
            socket.tell(ear.clone(), text(&joined, "participant"));
        }
        let sections: Vec<_> = slots.iter().map(|codec| (*codec, Direction::Receive)).collect();
        let answer = Answer::parse(&socket.offer(&offer(local, &sections)).await?)?;
        let mids = slots.iter().enumerate().filter(|(_, codec)| codec.is_video()).map(|(mid, _)| mid);
        let places = mids.zip(publishers).map(|(mid, publisher)| Place {
            mid,
            track: camera_of(&joined, publisher),
            asked: Arc::new(Asked::new(self.layouts.heights)),
        });
        let places: Vec<_> = places.collect();
        let asked = places.iter().map(|place| Arc::clone(&place.asked)).collect();
        // The same seat has the same credentials in each run of a seed.
        let mut seed = DefaultHasher::new();
        local.ufrag.hash(&mut seed);
        let random = StdRng::seed_from_u64(seed.finish());
        let ping = joined.get("pingIntervalMs").and_then(Value::as_u64).unwrap_or(PING_INTERVAL_DEFAULT_MS);
        let mut viewer = Viewer { socket, places, layouts: self.layouts, random };
        viewer.lay_out().await?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(viewer.stay(Duration::from_millis(ping.max(1)), stop.clone()));
        url.set_fragment(Some(text(&joined, "participant")));
        let mut sittings = self.sittings.lock().unwrap_or_else(PoisonError::into_inner);
        sittings.insert(url.to_string(), Sitting { stop, task });
        Ok(Entered { session: Session(url), role: IceRole::Controlling, answer, asked })
    }

    fn chooses_sounds(&self) -> bool {
        true
    }

    async fn leave(&self, session: &Session) -> Result<(), LeanError> {
        let sitting = self.sittings.lock().unwrap_or_else(PoisonError::into_inner).remove(session.0.as_str());
        let Some(Sitting { stop, task }) = sitting else { return self.server.leave(session).await };
        stop.cancel();
        match task.await {
            Ok(stayed) => Ok(stayed?),
            Err(_) => Err(RoomError::Closed.into()),
        }
    }
}

/// The camera of `publisher`, by what `joined` says of who is there; the first section of whoever comes later.
fn camera_of(joined: &Value, publisher: &str) -> String {
    let people = joined.get("participants").and_then(Value::as_array).into_iter().flatten();
    let tracks = people
        .filter(|person| text(person, "identity") == publisher)
        .filter_map(|person| person.get("tracks")?.as_array())
        .flatten();
    let camera = tracks.filter(|track| text(track, "kind") == "video").map(|track| text(track, "id")).next();
    camera.map_or_else(|| format!("0@{publisher}"), str::to_owned)
}

/// A slot of pictures.
#[derive(Debug)]
struct Place {
    mid: usize,
    track: String,
    asked: Arc<Asked>,
}

/// Somebody in a room.
struct Viewer {
    socket: RoomSocket,
    places: Vec<Place>,
    layouts: Layouts,
    random: StdRng,
}

impl Viewer {
    /// Asks for a height of each slot, and tells the judges once the server consents.
    async fn lay_out(&mut self) -> Result<(), RoomError> {
        let mut asked = Vec::with_capacity(self.places.len());
        let heights = self.layouts.heights;
        for place in &self.places {
            let chosen = self.random.random_range(0..heights.len().max(1));
            let height = heights.get(chosen).copied().unwrap_or(ANY_HEIGHT);
            asked.push((
                height,
                json!({ "mid": place.mid.to_string(), "track": place.track, "height": height, "priority": 1 }),
            ));
        }
        let slots: Vec<_> = asked.iter().map(|(_, slot)| slot).collect();
        self.socket.request("layout", json!({ "slots": slots })).await?;
        let now = Instant::now();
        self.places.iter().zip(&asked).for_each(|(place, (height, _))| place.asked.ask(now, *height));
        Ok(())
    }

    /// Stays until told to go, or until the room ends it.
    async fn stay(mut self, ping: Duration, stop: CancellationToken) -> Result<(), RoomError> {
        let mut pings = interval(ping);
        let mut changes = interval(self.layouts.change_every.unwrap_or(NEVER));
        changes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        changes.reset();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = pings.tick() => {
                    self.socket.request("ping", json!({})).await?;
                }
                _ = changes.tick() => self.lay_out().await?,
                heard = self.socket.hear() => {
                    heard?;
                }
            }
        }
        self.socket.request("leave", json!({})).await.map(drop)
    }
}
