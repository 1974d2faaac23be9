//! What was sent to whom, second by second, as an operator is told it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sfu_core::event::CurrentLayer;
use sfu_core::id::{Identity, MediaKind, Mid, Rid, RoomName, TransportId};
use sfu_core::sample::{Sample, SlotSample, ViewerSample};
use sfu_server::series::Tick;

use crate::support::Server;

const ROOM: &str = "/api/v1/rooms/demo/series";
const ANN: &str = "/api/v1/rooms/demo/participants/ann/series";

fn sample(at: Instant, bytes: u64) -> Sample {
    let layer = CurrentLayer { rid: Some(Rid("h".into())), height: Some(360), temporal: None };
    Sample {
        at,
        viewers: vec![ViewerSample {
            transport: TransportId(1),
            room: RoomName::new("demo").unwrap(),
            identity: Identity::new("ann").unwrap(),
            cap_bps: Some(500_000),
            estimate_bps: Some(2_000_000),
            limit: None,
            allotted_bps: 400_000,
            bytes_sent: bytes,
            bytes_received: 0,
            slots: 1,
        }],
        slots: vec![SlotSample {
            mid: Mid("3".into()),
            kind: MediaKind::Video,
            allotted_bps: 300_000,
            bytes_sent: bytes / 2,
            current: Some(layer.clone()),
            target: Some(layer),
            source: None,
            key_frame_bytes: 0,
        }],
    }
}

/// A server in whose first seconds something was sent to ann, and who is asked in the third.
pub async fn server() -> Server {
    tokio::time::pause();
    let (server, start) = (Server::start(), Instant::now());
    for second in 0..3 {
        let sample = sample(start + Duration::from_secs(second), second * 50_000);
        server.state.history.take_in(Tick(second), &[sample], |_| Some(9_000_000));
    }
    tokio::time::advance(Duration::from_millis(3_500)).await;
    tokio::time::resume();
    server
}

#[tokio::test]
async fn a_participants_seconds_come_in_columns_of_one_length() {
    let answer = server().await.operate("GET", &format!("{ANN}?seconds=2"), "").await.json();
    assert_eq!(
        (&answer["points"], &answer["interval_ms"], &answer["participant"]),
        (&json!(2), &json!(1_000), &json!("ann"))
    );
    let transport = &answer["transports"][0];
    assert_eq!(transport["cap_bps"], json!([500_000, 500_000]));
    assert_eq!(transport["estimate_bps"], json!([2_000_000, 2_000_000]));
    assert_eq!(transport["sent_bps"], json!([400_000, 400_000]));
    let slot = json!({
        "mid": "3", "kind": "video", "layers": [{"rid": "h", "height": 360, "temporal": null}], "current": [0, 0], "target": [0, 0],
        "allotted_bps": [300_000, 300_000], "sent_bps": [200_000, 200_000], "key_frame_bps": [null, null],
    });
    assert_eq!(transport["slots"], json!([slot]));
}

#[tokio::test]
async fn a_rooms_are_the_sums() {
    let answer = server().await.operate("GET", ROOM, "").await.json();
    assert_eq!((&answer["points"], &answer["transports"]), (&json!(3), &json!([1, 1, 1])));
    assert_eq!(
        (&answer["sent_bps"], &answer["room_egress_max_bps"][0]),
        (&json!([null, 400_000, 400_000]), &json!(9_000_000))
    );
}

#[tokio::test]
async fn ten_minutes_are_small() {
    let (server, start) = (Server::start(), Instant::now());
    for second in 0..600 {
        let sample = sample(start + Duration::from_secs(second), second * 50_000);
        server.state.history.take_in(Tick(second), &[sample], |_| None);
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(600_500)).await;
    tokio::time::resume();
    let reply = server.operate("GET", ANN, "").await;
    assert_eq!(reply.json()["transports"][0]["sent_bps"].as_array().unwrap().len(), 600);
    assert!(reply.body.len() < 48_000, "{}", reply.body.len());
}

#[tokio::test]
async fn of_whom_nothing_is_known_there_is_nothing_and_who_never_was_is_not_found() {
    let server = Server::start();
    for path in [ROOM, ANN] {
        server.operate("GET", path, "").await.problem(404, path);
    }
    server.join("/whip/demo?identity=ann").await;
    assert_eq!(server.operate("GET", ANN, "").await.json()["transports"], Value::Array(vec![]));
    let room = server.operate("GET", ROOM, "").await.json();
    assert!(room["sent_bps"].as_array().unwrap().iter().all(Value::is_null), "{room}");
    for wrong in ["0", "601", "-1", "x", ""] {
        let problem = server.operate("GET", &format!("{ANN}?seconds={wrong}"), "").await.problem(400, ANN);
        assert!(problem["detail"].as_str().unwrap().contains("1 to 600"), "{problem}");
    }
}
