//! Why a participant sees what it sees, and what would be if something else were allowed, as an operator is told it.

use std::time::Duration;

use serde_json::{Value, json};
use sfu_core::bitrate::{Caps, Frames, RoomCaps, Wanted};
use sfu_core::command::Command;
use sfu_core::event::{CurrentLayer, Event, LimitedBy, SlotStatus};
use sfu_core::id::{Identity, MediaKind, Mid, Rid, TrackName, TransportId};
use sfu_core::stats::{Sending, SlotState};
use sfu_core::why::{Decision, Forecast, ForecastSlot, Need, Offered, Picture, Reason, SlotWhy, Why};

use crate::support::{OPERATED_FROM_HERE, Server};

const WHY: &str = "/api/v1/rooms/demo/participants/ann/why";
const WHAT_IF: &str = "/api/v1/rooms/demo/what-if";

fn track() -> TrackName {
    TrackName { identity: Identity::new("bob").unwrap(), mid: Mid("1".into()) }
}

fn layer(rid: &str, height: u16) -> CurrentLayer {
    CurrentLayer { rid: Some(Rid(rid.into())), height: Some(height), temporal: None }
}

fn picture(rid: &str, height: u16, bps: u64) -> Picture {
    Picture::Layer { rid: Some(Rid(rid.into())), height: Some(height), frames: Frames::All, bps }
}

fn offered(rid: &str, height: u16, bps: u64) -> Offered {
    Offered { rid: Some(Rid(rid.into())), height, bps, is_measured: true }
}

/// A slot that is held below 720 lines by this.
pub fn slot(reason: Reason, needs: Vec<Need>, missing_bps: u64) -> SlotWhy {
    SlotWhy {
        status: SlotStatus {
            mid: Mid("3".into()),
            kind: MediaKind::Video,
            track: Some(track()),
            state: SlotState::Live,
            layer: Some(layer("h", 360)),
            limited_by: None,
            limit_bps: None,
        },
        target: Some(layer("h", 360)),
        wanted: Some(Wanted::Height(720)),
        allotted_bps: 400_000,
        ladder: vec![offered("q", 180, 120_000), offered("h", 360, 400_000), offered("f", 720, 1_500_000)],
        reason,
        needs,
        missing_bps,
    }
}

pub fn why(transport: TransportId, slots: Vec<SlotWhy>) -> Why {
    let caps = Caps { subscribe_max_bps: Some(500_000), video_max_height: Some(400), ..Caps::default() };
    Why {
        transport,
        connected: true,
        own_caps: Caps { video_max_height: None, ..caps },
        caps,
        room_egress_max_bps: None,
        share_bps: None,
        sending: Sending {
            budget_bps: Some(500_000),
            limited_by: Some(LimitedBy::Cap),
            allotted_bps: 440_000,
            wanted_bps: 1_540_000,
            ..Sending::default()
        },
        slots,
        decisions: vec![Decision {
            age: Duration::from_secs(5),
            mid: Mid("3".into()),
            track: Some(track()),
            from: picture("f", 720, 1_500_000),
            to: picture("h", 360, 400_000),
            reason: Reason::Budget,
            limited_by: Some(LimitedBy::Cap),
            is_own_cap: true,
            budget_bps: Some(500_000),
        }],
    }
}

fn by_cap() -> SlotWhy {
    slot(Reason::Budget, vec![Need { limit: LimitedBy::Cap, from: 500_000, to: 1_700_000 }], 1_200_000)
}

/// A server on which every transport says this of itself, and each shard foresees for ann what it is asked.
pub fn server_saying(slots: Vec<SlotWhy>, shards: usize) -> Server {
    Server::with(&[("spread_percent", "0"), OPERATED_FROM_HERE], shards, move || {
        let slots = slots.clone();
        Box::new(move |command| match command {
            Command::Why { request, transport } => {
                let why = Box::new(why(*transport, slots.clone()));
                Some(vec![Event::Why { request: *request, why }])
            }
            Command::WhatIf { request, caps, .. } => {
                Some(vec![Event::Forecast { request: *request, forecasts: vec![forecast(*caps)] }])
            }
            _ => None,
        })
    })
}

fn forecast(caps: RoomCaps) -> Forecast {
    let slot = ForecastSlot {
        mid: Mid("3".into()),
        track: Some(track()),
        now: picture("f", 720, 1_500_000),
        then: Picture::Paused,
        limited_by: Some(LimitedBy::Cap),
    };
    Forecast {
        transport: TransportId(1),
        identity: Identity::new("ann").unwrap(),
        budget_bps: caps.participant.subscribe_max_bps,
        limited_by: caps.participant.subscribe_max_bps.map(|_| LimitedBy::Cap),
        allotted_bps: 40_000,
        slots: vec![slot],
    }
}

pub fn server() -> Server {
    server_saying(vec![by_cap()], 1)
}

#[tokio::test]
async fn a_slot_says_what_binds_it_what_would_lift_that_and_what_was_decided() {
    let server = server();
    server.join("/whep/demo?identity=ann").await;
    let answer = server.operate("GET", WHY, "").await.json();
    let transport = &answer["transports"][0];
    assert_eq!((&answer["participant"], &transport["budget_bps"]), (&json!("ann"), &json!(500_000)));
    let slot = &transport["slots"][0];
    assert_eq!(slot["constraint"], "participant_cap");
    let sentence = "The picture of 720 lines does not fit what this participant may be sent, 500 kbit/s (its own subscribe_max_bps); \
                    1.2 Mbit/s more would do.";
    assert_eq!(slot["sentence"], sentence);
    let change = json!({"of": "participant", "setting": "subscribe_max_bps", "from": 500_000, "to": 1_700_000});
    assert_eq!(slot["lift"], json!({"bps": 1_200_000, "changes": [change]}));
    assert_eq!(slot["ladder"][2], json!({"rid": "f", "height": 720, "bps": 1_500_000, "measured": true}));
    let decision = &transport["decisions"][0];
    assert_eq!(decision["from"], json!({"picture": "whole", "rid": "f", "height": 720, "bps": 1_500_000}));
    assert_eq!((&decision["track"], &decision["constraint"]), (&json!("1@bob"), &json!("participant_cap")));
    assert!(decision["at_ms"].as_u64().unwrap() > 1_700_000_000_000);
}

#[tokio::test]
async fn each_constraint_has_a_name_and_a_sentence() {
    let all = [
        (Reason::Content, "none", "Nothing limits it"),
        (Reason::Layout, "layout", "shows it 720 pixels high, which needs no more; 720 lines are there."),
        (Reason::Publisher, "publisher", "sends nothing higher than 720 lines."),
        (Reason::Reserve, "reserve", "The picture of 720 lines would just fit what this participant may be sent"),
        (Reason::Audio, "audio", "Sounds alone take more than what this participant may be sent, 500 kbit/s"),
        (
            Reason::Height,
            "height_cap",
            "more than 400 lines are not allowed here (the room's video_max_height); the next picture has 720.",
        ),
        (Reason::AwaitingKeyframe, "awaiting_keyframe", "360 lines were decided on"),
        (Reason::AwaitingMedia, "awaiting_media", "has sent nothing yet"),
        (Reason::Muted, "muted", "has muted it"),
        (Reason::Hidden, "hidden", "does not show it"),
        (Reason::Empty, "empty", "put nothing into this slot"),
        (Reason::Connecting, "not_connected", "connection is not up"),
        (Reason::NoSuchTrack, "no_such_track", "Nobody publishes"),
        (Reason::NoMutualCodec, "no_mutual_codec", "format"),
    ];
    let server = server_saying(all.iter().map(|(reason, ..)| slot(*reason, vec![], 0)).collect(), 1);
    server.join("/whep/demo?identity=ann").await;
    let answer = server.operate("GET", WHY, "").await.json();
    for (slot, (_, name, says)) in answer["transports"][0]["slots"].as_array().unwrap().iter().zip(all) {
        let sentence = slot["sentence"].as_str().unwrap();
        assert!(slot["constraint"] == name && sentence.contains(says) && sentence.ends_with('.'), "{name}: {sentence}");
        assert_eq!(slot["lift"], Value::Null);
    }
}

#[tokio::test]
async fn a_link_that_is_too_narrow_is_named_and_no_setting_would_lift_it() {
    let server = Server::scripted(|command| match command {
        Command::Why { request, transport } => {
            let needs = vec![Need { limit: LimitedBy::Link, from: 500_000, to: 1_700_000 }];
            let mut why = why(*transport, vec![slot(Reason::Budget, needs, 1_200_000)]);
            (why.sending.limited_by, why.sending.estimate_bps) = (Some(LimitedBy::Link), Some(500_000));
            Some(vec![Event::Why { request: *request, why: Box::new(why) }])
        }
        _ => None,
    });
    server.join("/whep/demo?identity=ann").await;
    let answer = server.operate("GET", WHY, "").await.json();
    let slot = &answer["transports"][0]["slots"][0];
    assert_eq!((&slot["constraint"], &answer["transports"][0]["estimate_bps"]), (&json!("link"), &json!(500_000)));
    let change = json!({"of": "link", "setting": null, "from": 500_000, "to": 1_700_000});
    assert_eq!(slot["lift"]["changes"], json!([change]));
    assert!(
        slot["sentence"].as_str().unwrap().contains("link carries, by estimate 500 kbit/s; 1.2 Mbit/s more"),
        "{slot}"
    );
}

#[tokio::test]
async fn who_is_not_there_has_no_connections_and_who_is_not_known_is_not_found() {
    let server = Server::start();
    server.operate("GET", WHY, "").await.problem(404, WHY);
    server.operate("PATCH", "/api/v1/rooms/demo/participants/ann", r#"{"subscribe_max_bps": 5000}"#).await;
    assert_eq!(server.operate("GET", WHY, "").await.json()["transports"], json!([]));
    server.join("/whep/demo?identity=ann").await;
    assert_eq!(server.operate("GET", WHY, "").await.json()["transports"], json!([]), "it has just ended");
}

#[tokio::test]
async fn what_is_supposed_is_asked_of_every_shard_over_what_is_set() {
    let server = server_saying(vec![], 3);
    for place in 0..13 {
        server.join(&format!("/whep/demo?identity=v{place}")).await;
    }
    server.operate("PUT", "/api/v1/rooms/demo", r#"{"video_max_height": 360, "subscribe_max_bps": 700000}"#).await;
    server.operate("PATCH", "/api/v1/rooms/demo/participants/ann", r#"{"publish_max_bps": 9000}"#).await;
    let body = json!({"subscribe_max_bps": 500_000, "participants": {"ann": {"video_max_height": 180}, "bob": {}}});
    let before = server.commands.lock().unwrap().len();
    let answer = server.operate("POST", WHAT_IF, &body.to_string()).await.json();
    assert_eq!(
        (&answer["settings"]["subscribe_max_bps"], &answer["settings"]["video_max_height"]),
        (&json!(500_000), &json!(360))
    );
    let viewer = &answer["viewers"][1];
    assert_eq!((&viewer["budget_bps"], &viewer["slots"][0]["then"]["picture"]), (&json!(500_000), &json!("paused")));
    let kept = server.operate("GET", "/api/v1/rooms/demo", "").await.json();
    let shards = kept["shards"].as_array().unwrap().len();
    assert!(shards > 1 && answer["viewers"].as_array().unwrap().len() == shards, "each says its part");
    let commands = server.commands.lock().unwrap();
    for command in &commands[before..] {
        let Command::WhatIf { caps, participants, .. } = command else { panic!("{command:?}") };
        assert_eq!(caps.participant.video_max_height, Some(360));
        let ann = participants[&Identity::new("ann").unwrap()];
        assert_eq!((ann.publish_max_bps, ann.video_max_height), (Some(9_000), Some(180)));
        assert_eq!(participants[&Identity::new("bob").unwrap()], Caps::default());
    }
    drop(commands);
    assert_eq!(kept["subscribe_max_bps"], 700_000, "nothing changed");
}

#[tokio::test]
async fn what_cannot_be_supposed_is_named() {
    let server = server();
    server.operate("POST", WHAT_IF, "{}").await.problem(404, WHAT_IF);
    server.join("/whep/demo").await;
    for (body, pointers) in [
        (json!({"subscribe_max_bps": 1}), vec!["#/subscribe_max_bps"]),
        (
            json!({"video_max_height": "x", "participants": {"ann": {"room_egress_max_bps": 5_000}, "a,b": {}, "c": 1}}),
            vec![
                "#/video_max_height",
                "#/participants/a%2Cb",
                "#/participants/ann/room_egress_max_bps",
                "#/participants/c",
            ],
        ),
        (json!({"participants": []}), vec!["#/participants"]),
    ] {
        let problem = server.operate("POST", WHAT_IF, &body.to_string()).await.problem(422, WHAT_IF);
        let named: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, pointers);
    }
    server.operate("POST", WHAT_IF, "[]").await.problem(400, WHAT_IF);
    assert_eq!(server.operate("POST", WHAT_IF, "{}").await.status, 200);
}
