//! The VideoRoom as a crowd needs it: rooms that are made when their first publisher comes, one handle for each connection,
//! one subscription for all that a viewer watches.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::api::{Api, Handle, Reply};
use super::offer::{Offer, as_dtls_client};
use super::{JanusError, JanusProcess};
use crate::lean::LeanError;
use crate::lean::description::{Answer, AnsweredSection, Direction, LocalParameters, offer};
use crate::lean::entrance::{Entered, Entrance, Session};
use crate::lean::ice::IceRole;
use crate::lean::sender::SenderIds;
use crate::media::Codec;

/// Janus' refusal to make a room a second time.
const ROOM_EXISTS: u64 = 427;
/// Janus' refusal to show who does not send yet: it learns of a finished handshake a little later than the publisher.
const NO_SUCH_FEED: u64 = 428;
const FEED_PAUSE: Duration = Duration::from_millis(100);
/// How often to ask for such a feed.
const FEED_TRIES: u32 = 50;
/// Publishers that a room takes. Janus' default of 3 is a demonstration's.
const PUBLISHERS_MAX: u16 = 1_000;

/// Rooms of a Janus.
#[derive(Debug)]
pub struct VideoRooms {
    api: Api,
}

/// A stream that a subscription offers, as far as it is looked at.
#[derive(Debug, serde::Deserialize)]
struct Stream {
    /// Of its section in the offer.
    mindex: usize,
    #[serde(rename = "type")]
    kind: String,
    feed_id: Option<String>,
}

impl VideoRooms {
    /// Rooms of `process`.
    pub async fn of(process: &JanusProcess) -> Result<Self, JanusError> {
        Ok(Self { api: Api::open(&process.url).await? })
    }

    async fn make(&self, handle: &Handle, room: &str, video: Option<Codec>) -> Result<(), JanusError> {
        match self.api.request(handle, create(room, video), None).await {
            Ok(_) | Err(JanusError::Refused { code: ROOM_EXISTS, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn publish(
        &self,
        room: &str,
        identity: &str,
        offer: &str,
        video: Option<Codec>,
    ) -> Result<(Handle, String), JanusError> {
        let handle = self.api.attach().await?;
        self.make(&handle, room, video).await?;
        let join = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": room, "id": identity });
        let jsep = json!({ "type": "offer", "sdp": offer });
        let answer = self.api.request(&handle, join, Some(jsep)).await?.sdp.ok_or(JanusError::Incomplete("answer"))?;
        Ok((handle, answer))
    }

    /// One handle and one connection for all feeds, as Janus has it since version 1.
    async fn subscribe(&self, room: &str, feeds: &[String]) -> Result<(Handle, Reply), JanusError> {
        let handle = self.api.attach().await?;
        let streams: Vec<_> = feeds.iter().map(|feed| json!({ "feed": feed })).collect();
        let join = json!({ "request": "join", "ptype": "subscriber", "room": room, "streams": streams });
        let mut tries = 0;
        loop {
            match self.api.request(&handle, join.clone(), None).await {
                Err(JanusError::Refused { code: NO_SUCH_FEED, .. }) if tries < FEED_TRIES => {
                    tries += 1;
                    tokio::time::sleep(FEED_PAUSE).await;
                }
                outcome => return Ok((handle, outcome?)),
            }
        }
    }
}

#[async_trait]
impl Entrance for VideoRooms {
    async fn publish_tracks(
        &self,
        room: &str,
        identity: &str,
        local: &LocalParameters<'_>,
        tracks: &[(Codec, SenderIds)],
    ) -> Result<Entered, LeanError> {
        let sections: Vec<_> = tracks.iter().map(|(codec, ids)| (*codec, Direction::Send(*ids))).collect();
        let offer = as_dtls_client(&offer(local, &sections));
        let video = tracks.iter().map(|(codec, _)| *codec).find(|codec| codec.is_video());
        let (handle, answer) = self.publish(room, identity, &offer, video).await?;
        let answer = Answer::parse(&answer)?;
        Ok(Entered { session: Session(handle.0), answer, role: IceRole::Controlling, asked: Vec::new() })
    }

    async fn watch_on(
        &self,
        room: &str,
        publishers: &[String],
        local: &LocalParameters<'_>,
        slots: &[Codec],
    ) -> Result<Entered, LeanError> {
        let (handle, reply) = self.subscribe(room, publishers).await?;
        let sdp = reply.sdp.as_deref().ok_or(JanusError::Incomplete("offer"))?;
        let mut remote = Answer::parse(sdp)?;
        remote.sections = in_order_of(slots, publishers, &reply.data, &remote.sections)?;
        let offer = Offer::parse(sdp);
        let jsep = json!({ "type": "answer", "sdp": offer.answer(local) });
        self.api.request(&handle, json!({ "request": "start" }), Some(jsep)).await?;
        let role = offer.role_of_answerer();
        Ok(Entered { session: Session(handle.0), answer: remote, role, asked: Vec::new() })
    }

    async fn leave(&self, session: &Session) -> Result<(), LeanError> {
        Ok(self.api.detach(&session.0).await?)
    }
}

/// Makes a room. It takes one codec of pictures; VP8 where none is named, and whoever offers another is rejected.
fn create(room: &str, video: Option<Codec>) -> Value {
    let mut create = json!({ "request": "create", "room": room, "publishers": PUBLISHERS_MAX });
    if let Some((codec, request)) = video.zip(create.as_object_mut()) {
        request.insert("videocodec".to_owned(), json!(codec.to_string().to_lowercase()));
    }
    create
}

/// The offer's sections by slot: the nth slot of a medium is for the nth publisher.
fn in_order_of(
    slots: &[Codec],
    publishers: &[String],
    attached: &Value,
    sections: &[AnsweredSection],
) -> Result<Vec<AnsweredSection>, JanusError> {
    let streams = attached.get("streams").cloned().ok_or(JanusError::Incomplete("streams"))?;
    let streams: Vec<Stream> = serde_json::from_value(streams)?;
    let (mut video, mut audio) = (publishers.iter(), publishers.iter());
    let section = |codec: &Codec| {
        let (kind, publisher) = if codec.is_video() { ("video", video.next()) } else { ("audio", audio.next()) };
        let is_its = |stream: &&Stream| stream.kind == kind && stream.feed_id.as_ref() == publisher;
        let stream = streams.iter().find(is_its).ok_or(JanusError::Incomplete("stream for each slot"))?;
        sections.get(stream.mindex).cloned().ok_or(JanusError::Incomplete("section for each stream"))
    };
    slots.iter().map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_takes_the_codec_that_is_published() {
        for (codec, name) in [(Codec::Vp8, "vp8"), (Codec::Vp9, "vp9"), (Codec::Av1, "av1"), (Codec::H264, "h264")] {
            assert_eq!(create("r", Some(codec)).get("videocodec"), Some(&json!(name)));
        }
        assert_eq!(create("r", None).get("videocodec"), None);
    }

    #[test]
    fn each_slot_gets_the_section_of_its_own_publisher() {
        let stream = |mindex, kind, feed| json!({ "mindex": mindex, "mid": "x", "type": kind, "feed_id": feed });
        let attached = json!({ "streams": [
            stream(0, "audio", "p1"), stream(1, "video", "p1"), stream(2, "video", "p0"), stream(3, "audio", "p0"),
        ] });
        let section = |ssrc| AnsweredSection { rejected: false, ssrc: Some(ssrc), rtx: None };
        let sections = [section(10), section(11), section(12), section(13)];
        let slots = [Codec::Vp8, Codec::Opus, Codec::Vp8, Codec::Opus];
        let publishers = ["p0".to_owned(), "p1".to_owned()];
        let order = in_order_of(&slots, &publishers, &attached, &sections).unwrap();
        assert_eq!(order, [section(12), section(13), section(11), section(10)]);
        let nobody = in_order_of(&slots, &publishers[..1], &attached, &sections);
        assert!(matches!(nobody, Err(JanusError::Incomplete("stream for each slot"))), "{nobody:?}");
    }
}
