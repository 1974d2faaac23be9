//! Who comes back is told all that was missed.

use std::time::Instant;

use serde_json::{Value, json};
use sfu_core::event::{Event, LimitedBy, SlotStatus, Speakers};
use sfu_core::id::{Identity, MediaKind, Mid, Rid, RoomName};
use sfu_core::sample::{Sample, ViewerSample};
use sfu_core::stats::SlotState;

use crate::absence::{ann_and_bob, presence};
use crate::client::Client;
use crate::media::publishing;
use crate::support::Server;

#[tokio::test]
async fn all_that_changed_meanwhile_is_in_the_welcome() {
    let server = publishing();
    let (mut ann, welcome) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    bob.offer().await;
    let (mut dan, _) = Client::join(&server, "demo", "dan").await;
    drop(ann);
    assert_eq!(presence(&dan.expect("participant_changed").await), ("ann", "unstable"));
    let (_carl, _) = Client::join(&server, "demo", "carl").await;
    dan.request(json!({"type": "leave"})).await;
    bob.request(json!({"type": "mute", "mid": "1", "muted": true})).await;
    bob.request(json!({"type": "chat", "text": "ann is away"})).await;
    let [bobs, carls] = ["bob", "carl"].map(|name| Identity::new(name).unwrap());
    let speakers = Speakers { dominant: Some(bobs.clone()), speaking: vec![carls, bobs] };
    server.tell(Event::Speakers { room: RoomName::new("demo").unwrap(), speakers });
    bob.expect("speakers").await;
    assert_eq!(bob.expect("participant_left").await["participant"], "dan");

    let (_ann, mut joined) = Client::resume(&server, "demo", &welcome.token()).await;
    let token = joined["resume"].take();
    assert!(token.is_string() && token != json!(welcome.token()), "{token}");
    for participant in joined["participants"].as_array_mut().unwrap() {
        assert!(participant["joinedAtMs"].take().is_u64());
    }
    assert!(joined["chat"][0]["atMs"].take().is_u64());
    for told_elsewhere in ["access", "grants"] {
        joined.as_object_mut().unwrap().remove(told_elsewhere).unwrap();
    }
    let tracks = |owner: &str, muted: bool| {
        let track = |mid: &str, kind: &str, source: &str, muted: bool| json!({"id": format!("{mid}@{owner}"), "mid": mid, "kind": kind, "source": source, "muted": muted});
        json!([
            track("0", "audio", "microphone", false),
            track("1", "video", "camera", muted),
            track("2", "video", "screen", false)
        ])
    };
    let person = |name: &str, tracks: Value| {
        json!({"identity": name, "name": name, "metadata": {}, "presence": "present", "via": "room",
            "joinedAtMs": null, "tracks": tracks})
    };
    assert_eq!(
        joined,
        json!({
            "type": "joined", "id": 1, "version": 1, "room": "demo", "participant": "ann", "resume": null,
            "resumeSeconds": 20, "media": true, "resumed": true, "pingIntervalMs": 5000, "iceServers": [],
            "participants":
                [person("ann", tracks("ann", false)), person("bob", tracks("bob", true)), person("carl", json!([]))],
            "chat": [{"number": 1, "from": "bob", "name": "bob", "text": "ann is away", "atMs": null}],
            "speakers": {"dominant": "bob", "speaking": ["carl", "bob"]},
            "slots": [],
            "encodings": [],
            "publishRefusedBps": null
        })
    );
}

#[tokio::test]
async fn media_goes_on_while_the_socket_is_away_and_what_slots_do_is_caught_up() {
    let server = Server::start();
    let (ann, token, transport, mut bob) = ann_and_bob(&server).await;
    drop(ann);
    bob.expect("participant_changed").await;
    let slot = SlotStatus {
        mid: Mid("3".into()),
        kind: MediaKind::Video,
        track: None,
        state: SlotState::Empty,
        layer: None,
        limited_by: None,
        limit_bps: None,
    };
    server.tell(Event::Slots { transport, slots: vec![slot] });
    server.tell(Event::Heard { transport });
    let (mut ann, joined) = Client::resume(&server, "demo", &token).await;
    assert_eq!(joined["media"], true, "{joined}");
    if joined["slots"].as_array().unwrap().is_empty() {
        // The news came after the socket.
        assert_eq!(ann.expect("slots").await["slots"][0]["mid"], "3");
    } else {
        assert_eq!((&joined["slots"][0]["mid"], &joined["slots"][0]["state"]), (&json!("3"), &json!("empty")));
    }
    assert_eq!(server.control.directory.transports(), 1);
}

#[tokio::test]
async fn who_publishes_is_told_which_encodings_to_send_and_again_when_it_comes_back() {
    let server = publishing();
    let (mut ann, token, transport, _bob) = ann_and_bob(&server).await;
    let tell = |mid: &str, rids: &[&str]| {
        let (mid, rids) = (Mid((*mid).into()), rids.iter().map(|rid| Rid((*rid).into())).collect());
        server.tell(Event::Encodings { transport, mid, rids });
    };
    tell("1", &["q", "f"]);
    assert_eq!(ann.expect("encodings").await["tracks"], json!([{"mid": "1", "rids": ["q", "f"]}]));
    tell("7", &["q"]);
    assert_eq!(ann.expect("encodings").await["tracks"], json!([{"mid": "7", "rids": ["q"]}]));
    tell("1", &["q"]);
    ann.expect("encodings").await;
    server.tell(Event::PublishRefused { transport, limit_bps: Some(300_000) });
    assert_eq!(ann.expect("publish_refused").await["limitBps"], 300_000);
    let (mut ann, joined) = Client::resume(&server, "demo", &token).await;
    assert_eq!(joined["encodings"], json!([{"mid": "1", "rids": ["q"]}, {"mid": "7", "rids": ["q"]}]));
    assert_eq!(joined["publishRefusedBps"], 300_000);
    // Of 7 no track is published any more.
    ann.offer().await;
    let token = joined["resume"].as_str().unwrap();
    let (_, joined) = Client::resume(&server, "demo", token).await;
    assert_eq!(joined["encodings"], json!([{"mid": "1", "rids": ["q"]}]));
}

#[tokio::test]
async fn who_lacks_bits_is_told_what_bounds_them_as_it_moves_and_again_when_it_comes_back() {
    let server = Server::start();
    let (mut ann, token, transport, _bob) = ann_and_bob(&server).await;
    let bounded = |bps: u64, by: LimitedBy| {
        let viewer = ViewerSample {
            transport,
            room: RoomName::new("demo").unwrap(),
            identity: Identity::new("ann").unwrap(),
            cap_bps: None,
            estimate_bps: None,
            limit: Some((bps, by)),
            allotted_bps: 0,
            bytes_sent: 0,
            bytes_received: 0,
            slots: 0,
        };
        server.state.rooms.take_in(&[Sample { at: Instant::now(), viewers: vec![viewer], slots: Vec::new() }]);
    };
    let limited = |by: Option<LimitedBy>| {
        let slot = SlotStatus {
            mid: Mid("3".into()),
            kind: MediaKind::Video,
            track: None,
            state: SlotState::Live,
            layer: None,
            limited_by: by,
            limit_bps: None,
        };
        server.tell(Event::Slots { transport, slots: vec![slot] });
    };
    // Its pictures are as good as they may be, whatever the bound.
    bounded(9_000_000, LimitedBy::Link);
    limited(Some(LimitedBy::HeightCap));
    ann.expect("slots").await;
    bounded(8_000_000, LimitedBy::Link);
    limited(Some(LimitedBy::Link));
    ann.expect("slots").await;
    bounded(1_000_000, LimitedBy::Link);
    assert_eq!(ann.expect("limit").await["limit"], json!({"by": "link", "bps": 1_000_000}));
    bounded(1_010_000, LimitedBy::Link);
    bounded(1_030_000, LimitedBy::Link);
    assert_eq!(ann.expect("limit").await["limit"], json!({"by": "link", "bps": 1_030_000}));
    bounded(1_030_000, LimitedBy::RoomCap);
    assert_eq!(ann.expect("limit").await["limit"], json!({"by": "room_cap", "bps": 1_030_000}));

    let (mut ann, _) = Client::resume(&server, "demo", &token).await;
    bounded(1_030_000, LimitedBy::RoomCap);
    assert_eq!(ann.expect("limit").await["limit"], json!({"by": "room_cap", "bps": 1_030_000}));
    limited(None);
    ann.expect("slots").await;
    bounded(1_030_000, LimitedBy::RoomCap);
    assert_eq!(ann.expect("limit").await["limit"], Value::Null);
}

#[tokio::test]
async fn of_slots_that_were_only_those_of_the_last_answer_are_kept() {
    let server = Server::start();
    let (mut ann, token, transport, _bob) = ann_and_bob(&server).await;
    let slot = |mid: &str| {
        let (mid, kind) = (Mid(mid.into()), MediaKind::Video);
        SlotStatus { mid, kind, track: None, state: SlotState::Empty, layer: None, limited_by: None, limit_bps: None }
    };
    for mid in ["3", "4", "5"] {
        server.tell(Event::Slots { transport, slots: vec![slot(mid)] });
        assert_eq!(ann.expect("slots").await["slots"][0]["mid"], mid);
    }
    // The answer has one section, whose mid is 3.
    ann.offer().await;
    drop(ann);
    let (_, joined) = Client::resume(&server, "demo", &token).await;
    let mids: Vec<&str> = joined["slots"].as_array().unwrap().iter().filter_map(|slot| slot["mid"].as_str()).collect();
    assert_eq!(mids, ["3"]);
}
