//! What an operator allows rooms and participants: set, changed, cleared, told to the shards, kept for who comes back.

use serde_json::{Value, json};
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::Command;

use crate::support::{OPERATED_FROM_HERE, Server, delete, until};

const ROOM: &str = "/api/v1/rooms/demo";
const ANN: &str = "/api/v1/rooms/demo/participants/ann";

/// Changes of caps that the shards were told of, in order.
fn told(server: &Server) -> Vec<(Option<String>, Option<u64>)> {
    let commands = server.commands.lock().unwrap();
    let changes = commands.iter().filter_map(|command| match command {
        Command::CapRoom { caps, .. } => Some((None, caps.participant.subscribe_max_bps)),
        Command::UncapRoom { .. } => Some((Some("everybody".to_owned()), None)),
        Command::CapParticipant { identity, caps, .. } => Some((Some(identity.to_string()), caps.subscribe_max_bps)),
        _ => None,
    });
    changes.collect()
}

fn settings(subscribe: Value, height: Value) -> Value {
    json!({
        "publish_max_bps": null, "subscribe_max_bps": subscribe, "room_egress_max_bps": null, "video_max_height": height,
    })
}

/// Sends a change that is to be taken, and gives the answer.
async fn change(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let reply = server.operate(method, path, &body.to_string()).await;
    assert!(reply.status.is_success(), "{}", reply.body);
    reply.json()
}

#[tokio::test]
async fn a_room_is_set_wholly_before_anybody_comes_and_then_changed_field_by_field() {
    let server = Server::start();
    server.operate("GET", ROOM, "").await.problem(404, ROOM);
    let whole = r#"{"subscribe_max_bps": 800000, "video_max_height": 360}"#;
    let reply = server.operate("PUT", ROOM, whole).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (201, settings(json!(800_000), json!(360))));
    let after = change(&server, "PATCH", ROOM, json!({"video_max_height": null})).await;
    assert_eq!(after, settings(json!(800_000), json!(null)));
    let after =
        change(&server, "PATCH", ROOM, json!({"publish_max_bps": 1_000, "room_egress_max_bps": 10_000_000_000u64}));
    let after = after.await;
    assert_eq!((&after["publish_max_bps"], &after["subscribe_max_bps"]), (&json!(1_000), &json!(800_000)));
    assert_eq!(server.operate("GET", ROOM, "").await.json()["room_egress_max_bps"], 10_000_000_000u64);
    let reply = server.operate("PUT", ROOM, r#"{"subscribe_max_bps": 5000}"#).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, settings(json!(5_000), json!(null))), "the rest is gone");
    assert!(told(&server).is_empty(), "nobody is there");
}

#[tokio::test]
async fn joins_bring_what_is_set_and_a_change_is_told_to_every_shard_that_has_somebody() {
    let server = Server::with(&[("spread_percent", "0"), OPERATED_FROM_HERE], 3, || Box::new(|_| None));
    change(&server, "PUT", ROOM, json!({"subscribe_max_bps": 800_000})).await;
    change(&server, "PATCH", ANN, json!({"subscribe_max_bps": 300_000, "video_max_height": 180})).await;
    for _ in 0..11 {
        server.join("/whep/demo").await;
    }
    server.join("/whep/demo?identity=ann").await;
    server.join("/whep/other?identity=ann").await;
    let joins = server.joins();
    let of = |place: usize| (joins[place].room_caps.participant.subscribe_max_bps, joins[place].caps);
    assert_eq!(of(0), (Some(800_000), Caps::default()));
    let own = Caps { subscribe_max_bps: Some(300_000), video_max_height: Some(180), ..Caps::default() };
    assert_eq!(of(11), (Some(800_000), own));
    assert_eq!((joins[12].room_caps, joins[12].caps), (RoomCaps::default(), Caps::default()));
    assert!(told(&server).is_empty(), "a join says it all");

    change(&server, "PATCH", ROOM, json!({"subscribe_max_bps": 500_000})).await;
    let shards = server.operate("GET", ROOM, "").await.json()["shards"].as_array().unwrap().len();
    assert!(shards > 1, "the room is on several");
    assert_eq!(told(&server), vec![(None, Some(500_000)); shards]);
    change(&server, "PATCH", ANN, json!({"subscribe_max_bps": null})).await;
    assert_eq!(told(&server)[shards..], vec![(Some("ann".to_owned()), None); shards]);
}

#[tokio::test]
async fn settings_outlive_everybody_until_they_are_cleared() {
    let server = Server::start();
    let location = server.join("/whip/demo?identity=ann").await;
    change(&server, "PATCH", ROOM, json!({"subscribe_max_bps": 500_000})).await;
    change(&server, "PATCH", ANN, json!({"publish_max_bps": 100_000})).await;
    server.send(delete(&location)).await;
    until("everybody has left", || server.control.directory.rooms() == 0).await;
    server.join("/whip/demo?identity=ann").await;
    let join = server.joins().pop().unwrap();
    assert_eq!(join.room_caps.participant.subscribe_max_bps, Some(500_000));
    assert_eq!(join.caps.publish_max_bps, Some(100_000));

    let before = told(&server).len();
    assert_eq!(server.operate("DELETE", ROOM, "").await.status, 204);
    assert_eq!(told(&server)[before..], [(Some("everybody".to_owned()), None)], "one command, however many there are");
    server.join("/whip/demo?identity=bob").await;
    assert_eq!(server.joins().pop().unwrap().room_caps, RoomCaps::default());
}

#[tokio::test]
async fn clearing_what_is_not_set_is_done_already_and_what_is_not_there_is_not_found() {
    let server = Server::start();
    for path in [ROOM, ANN] {
        let problem = server.operate("DELETE", path, "").await.problem(404, path);
        assert!(problem["detail"].as_str().unwrap().contains("demo"), "{problem}");
    }
    server.join("/whip/demo?identity=ann").await;
    for path in [ROOM, ANN, ROOM, ANN] {
        assert_eq!(server.operate("DELETE", path, "").await.status, 204, "{path}");
    }
    assert_eq!(told(&server).len(), 4, "told again: an earlier clearing may not have arrived");
    let bob = "/api/v1/rooms/demo/participants/bob";
    let problem = server.operate("DELETE", bob, "").await.problem(404, bob);
    assert!(problem["detail"].as_str().unwrap().contains("`bob` is not in the room"), "{problem}");
}

#[tokio::test]
async fn a_participants_own_settings_go_before_its_rooms_and_both_are_shown() {
    let server = Server::start();
    change(&server, "PUT", ROOM, json!({"subscribe_max_bps": 800_000, "video_max_height": 720})).await;
    server.operate("GET", ANN, "").await.problem(404, ANN);
    let own = change(&server, "PATCH", ANN, json!({"subscribe_max_bps": 2_000_000})).await;
    assert_eq!(own, json!({"publish_max_bps": null, "subscribe_max_bps": 2_000_000, "video_max_height": null}));
    let ann = server.operate("GET", ANN, "").await.json();
    assert_eq!(ann["present"], false);
    assert_eq!(
        ann["effective"],
        json!({"publish_max_bps": null, "subscribe_max_bps": 2_000_000, "video_max_height": 720})
    );
    server.join("/whep/demo?identity=ann").await;
    server.join("/whep/demo?identity=bob").await;
    let list = server.operate("GET", &format!("{ROOM}/participants"), "").await.json();
    let rows: Vec<(&str, bool, u64)> = list["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let effective = it["effective"]["subscribe_max_bps"].as_u64().unwrap();
            (it["participant"].as_str().unwrap(), it["present"].as_bool().unwrap(), effective)
        })
        .collect();
    assert_eq!(rows, [("ann", true, 2_000_000), ("bob", true, 800_000)]);
    assert_eq!(server.operate("DELETE", ANN, "").await.status, 204);
    assert_eq!(server.operate("DELETE", ANN, "").await.status, 204, "it is there, and nothing is set");
    assert_eq!(server.operate("GET", ANN, "").await.json()["effective"]["subscribe_max_bps"], 800_000);
}

#[tokio::test]
async fn rooms_with_people_or_settings_are_listed_by_name() {
    let server = Server::start();
    change(&server, "PUT", "/api/v1/rooms/planned", json!({"publish_max_bps": 1_000_000})).await;
    server.join("/whip/demo?identity=ann").await;
    server.join("/whep/demo").await;
    let list = server.operate("GET", "/api/v1/rooms", "").await.json();
    let demo = json!({
        "room": "demo", "participants": 2, "transports": 2, "shards": [0],
        "publish_max_bps": null, "subscribe_max_bps": null, "room_egress_max_bps": null, "video_max_height": null,
    });
    assert_eq!(list["rooms"][0], demo);
    let planned = &list["rooms"][1];
    assert_eq!(
        (&planned["room"], &planned["participants"], &planned["publish_max_bps"]),
        (&json!("planned"), &json!(0), &json!(1_000_000))
    );
    assert_eq!(server.operate("GET", ROOM, "").await.json(), demo);
}

#[tokio::test]
async fn names_are_decoded_and_checked() {
    let server = Server::start();
    change(&server, "PUT", "/api/v1/rooms/caf%C3%A9%20%26%20bar", json!({"publish_max_bps": 5_000})).await;
    server.join("/whip/caf%C3%A9%20&%20bar").await;
    assert_eq!(server.joins()[0].room_caps.participant.publish_max_bps, Some(5_000));
    for path in ["/api/v1/rooms/%FF", "/api/v1/rooms/a%2Fb", "/api/v1/rooms/a/participants/b,c"] {
        let problem = server.operate("PATCH", path, "{}").await.problem(400, path);
        assert_eq!(problem["type"], "urn:sfu:problem:bad-name");
    }
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_and_every_field_at_fault_is_named() {
    let server = Server::start();
    let cases = [
        (json!({"subscribe_max_bps": 999}), "from 1000 to 10000000000 bit/s"),
        (json!({"subscribe_max_bps": 10_000_000_001u64}), "from 1000 to"),
        (json!({"subscribe_max_bps": -1}), "a whole number"),
        (json!({"subscribe_max_bps": 1_000.5}), "a whole number"),
        (json!({"subscribe_max_bps": 1e6}), "a whole number"),
        (json!({"subscribe_max_bps": "800000"}), "without quotes"),
        (json!({"subscribe_max_bps": true}), "must be a number"),
        (json!({"subscribe_max_bps": {}}), "must be a number"),
    ];
    for (body, because) in cases {
        let problem = server.operate("PATCH", ROOM, &body.to_string()).await.problem(422, ROOM);
        assert_eq!(problem["type"], "urn:sfu:problem:bad-field");
        assert_eq!(problem["errors"][0]["pointer"], "#/subscribe_max_bps");
        assert!(problem["detail"].as_str().unwrap().contains(because), "{problem}");
    }
    let body = r#"{"publish_max_bps": 1000000, "subscribe_max": 5, "video_max_height": 15, "a/b~ö": 1}"#;
    let problem = server.operate("PUT", ROOM, body).await.problem(422, ROOM);
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["#/a~1b~0%C3%B6", "#/subscribe_max", "#/video_max_height"]);
    assert!(
        problem["errors"][1]["detail"].as_str().unwrap().contains("did you mean `subscribe_max_bps`?"),
        "{problem}"
    );
    let problem = server.operate("PATCH", ANN, r#"{"room_egress_max_bps": 5000}"#).await.problem(422, ANN);
    assert_eq!(problem["errors"][0]["pointer"], "#/room_egress_max_bps", "a room's alone");
    server.operate("GET", ROOM, "").await.problem(404, ROOM);
}

#[tokio::test]
async fn bodies_that_are_no_settings_are_refused() {
    let server = Server::start();
    for body in ["", "{", "[]", "800000", "null", "{} {}"] {
        let problem = server.operate("PATCH", ROOM, body).await.problem(400, ROOM);
        assert_eq!(problem["type"], "urn:sfu:problem:bad-json", "{body}");
    }
    let long = format!("{{{}}}", " ".repeat(4 * 1024));
    server.operate("PATCH", ROOM, &long).await.problem(413, ROOM);
    for (method, media_type, status) in [
        ("PATCH", "text/plain", 415),
        ("PUT", "application/x-www-form-urlencoded", 415),
        ("PUT", "application/merge-patch+json", 415),
        ("PATCH", "application/merge-patch+json", 200),
        ("PATCH", "application/json; charset=utf-8", 200),
    ] {
        let headers = [("host", "localhost"), ("content-type", media_type)];
        let reply = server.send_from("127.0.0.1:1", crate::support::request(method, ROOM, &headers, "{}")).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {media_type}");
        if (method, status) == ("PATCH", 415) {
            assert_eq!(reply.header("accept-patch"), "application/merge-patch+json");
        }
    }
    let reply = server.operate("POST", ROOM, "{}").await;
    reply.problem(405, ROOM);
}

#[tokio::test]
async fn no_more_rooms_have_settings_than_there_is_space_for() {
    let server = Server::start();
    for number in 0..4_096 {
        let path = format!("/api/v1/rooms/r{number}");
        assert_eq!(server.operate("PUT", &path, r#"{"publish_max_bps": 1000}"#).await.status, 201);
    }
    let problem = server.operate("PATCH", ROOM, r#"{"publish_max_bps": 1000}"#).await.problem(409, ROOM);
    assert_eq!(problem["type"], "urn:sfu:problem:too-many-settings");
    server.operate("PATCH", ANN, r#"{"publish_max_bps": 1000}"#).await.problem(409, ANN);
    assert_eq!(server.operate("PATCH", "/api/v1/rooms/r7", r#"{"publish_max_bps": 2000}"#).await.status, 200);
    assert_eq!(server.operate("PATCH", "/api/v1/rooms/r7", r#"{"publish_max_bps": null}"#).await.status, 200);
    assert_eq!(server.operate("PATCH", ROOM, r#"{"publish_max_bps": 1000}"#).await.status, 200);
}

#[tokio::test]
async fn a_change_that_a_shard_does_not_confirm_is_kept_and_said_not_to_be_in_force() {
    let server = Server::scripted(|command| matches!(command, Command::CapRoom { .. }).then(Vec::new));
    server.join("/whep/demo").await;
    tokio::time::pause();
    let reply = server.operate("PATCH", ROOM, r#"{"subscribe_max_bps": 500000}"#).await;
    let problem = reply.problem(503, ROOM);
    assert!(problem["detail"].as_str().unwrap().contains("send it again"), "{problem}");
    assert_eq!(server.operate("GET", ROOM, "").await.json()["subscribe_max_bps"], 500_000);
}
