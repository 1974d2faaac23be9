//! What the operator's API tells of participants: connections, tracks, slots, and how fast they flow.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use sfu_core::bitrate::Caps;
use sfu_core::codec::Codec;
use sfu_core::command::{Command, Muting};
use sfu_core::event::{CurrentLayer, Event, LimitedBy};
use sfu_core::id::{Identity, MediaKind, Mid, Rid, RoomName, Ssrc, TrackName, TransportId};
use sfu_core::publish::EncodingStats;
use sfu_core::stats::{
    InboundRtp, OutboundRtp, Sending, ShardStats, SlotRates, SlotState, SwitchState, TrackStats, TransportStats,
};
use sfu_core::subscribe::SlotStats;

use crate::support::Server;

const ANN: &str = "/api/v1/rooms/demo/participants/ann";

/// A server on which ann publishes a muted microphone and a camera in two encodings, over transport 1, and is shown one track of
/// bob's; both send 50,000 bytes each time that somebody looks.
pub fn server() -> Server {
    let looks = AtomicU64::new(0);
    Server::scripted(move |command| match command {
        Command::Stats { request } => {
            let bytes = 50_000 * looks.fetch_add(1, Ordering::Relaxed);
            Some(vec![Event::Stats { request: *request, stats: Box::new(stats(bytes)) }])
        }
        _ => None,
    })
}

fn stats(bytes: u64) -> ShardStats {
    let (room, identity) = (RoomName::new("demo").unwrap(), Identity::new("ann").unwrap());
    let transport = TransportId(1);
    let track = |mid: &str, kind, muting| TrackStats { transport, mid: Mid(mid.into()), kind, muting };
    let inbound = |rid: &str, height| InboundRtp {
        transport,
        room: room.clone(),
        identity: identity.clone(),
        mid: Mid("1".into()),
        rid: Some(Rid(rid.into())),
        kind: MediaKind::Video,
        ssrc: Some(Ssrc(7)),
        codec: Some(Codec::Vp8),
        height,
        stats: EncodingStats::default(),
        bps: height.map(|height: u16| u64::from(height) * 1_000),
        refused: false,
        switch: if height.is_some() { SwitchState::On } else { SwitchState::Off { heeded: true } },
        ring_bytes: 0,
    };
    let outbound = |mid: &str, state, layer: Option<CurrentLayer>| OutboundRtp {
        transport,
        room: room.clone(),
        identity: identity.clone(),
        mid: Mid(mid.into()),
        kind: MediaKind::Video,
        ssrc: Ssrc(8),
        track: Some(TrackName { identity: Identity::new("bob").unwrap(), mid: Mid("2".into()) }),
        source: None,
        state,
        target: layer.clone(),
        layer,
        limited_by: (state == SlotState::Paused).then_some(LimitedBy::RoomCap),
        rates: SlotRates { allotted_bps: 7, missing_bps: 8 },
        stats: SlotStats { bytes_sent: bytes, ..SlotStats::default() },
    };
    let layer = CurrentLayer { rid: Some(Rid("h".into())), height: Some(360), temporal: Some(1) };
    ShardStats {
        transports: vec![TransportStats {
            id: transport,
            room: room.clone(),
            identity: identity.clone(),
            connected: true,
            srtp_cipher: Some("AEAD_AES_128_GCM"),
            sending: Sending {
                estimate_bps: Some(2_000_000),
                budget_bps: Some(700_000),
                limited_by: Some(LimitedBy::Cap),
                allotted_bps: 400_000,
                wanted_bps: 900_000,
                bytes_sent: bytes,
            },
            bytes_received: bytes,
            bytes_refused: 0,
            caps: Caps { subscribe_max_bps: Some(800_000), ..Caps::default() },
        }],
        tracks: vec![track("0", MediaKind::Audio, Muting::Muted), track("1", MediaKind::Video, Muting::Unmuted)],
        inbound: vec![inbound("q", Some(180)), inbound("f", None)],
        outbound: vec![outbound("3", SlotState::Live, Some(layer)), outbound("4", SlotState::Paused, None)],
        ..ShardStats::default()
    }
}

/// Takes the rates out: they are measured over the time that it happens to take.
fn take_rates(value: &mut Value) -> Vec<Option<u64>> {
    match value {
        // What the shard measured itself.
        Value::Object(fields) if fields.contains_key("codec") => Vec::new(),
        Value::Object(fields) => fields
            .iter_mut()
            .flat_map(|(name, value)| match name.as_str() {
                "bps" | "received_bps" | "sent_bps" => vec![value.take().as_u64()],
                _ => take_rates(value),
            })
            .collect(),
        Value::Array(items) => items.iter_mut().flat_map(take_rates).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_participants_connections_tracks_and_slots_are_told_with_their_rates() {
    let server = server();
    server.join("/whip/demo?identity=ann").await;
    let mut ann = server.operate("GET", ANN, "").await.json();
    let rates = take_rates(&mut ann["transports"]);
    assert_eq!(rates.len(), 4);
    // 50,000 bytes in half a second at least, and in an hour at most.
    assert!(rates.iter().all(|rate| rate.is_some_and(|rate| (100..=1_600_000).contains(&rate))), "{rates:?}");
    let slot = |mid: &str, state: &str, encoding: Value, limited_by: Value| {
        json!({
            "mid": mid, "kind": "video", "track": "2@bob", "state": state, "encoding": encoding, "target": encoding,
            "limited_by": limited_by, "allotted_bps": 7, "missing_bps": 8, "bps": null,
        })
    };
    let encoding = |rid: &str, height: Value, bps: Value, sending: &str| json!({"rid": rid, "codec": "VP8", "height": height, "bps": bps, "sending": sending, "refused": false});
    let media = json!({
        "connected": true,
        "srtp_cipher": "AEAD_AES_128_GCM",
        "caps": {"publish_max_bps": null, "subscribe_max_bps": 800_000, "video_max_height": null},
        "received_bps": null,
        "refused_bps": 0,
        "sent_bps": null,
        "estimate_bps": 2_000_000,
        "budget_bps": 700_000,
        "limited_by": "cap",
        "allotted_bps": 400_000,
        "wanted_bps": 900_000,
        "tracks": [
            {"id": "0@ann", "mid": "0", "kind": "audio", "muted": true, "encodings": []},
            {"id": "1@ann", "mid": "1", "kind": "video", "muted": false,
             "encodings": [encoding("q", json!(180), json!(180_000), "on"), encoding("f", json!(null), json!(null), "off")]},
        ],
        "slots": [
            slot("3", "live", json!({"rid": "h", "height": 360, "temporal": 1}), json!(null)),
            slot("4", "paused", json!(null), json!("room_cap")),
        ],
    });
    assert_eq!(ann["transports"], json!([{"transport": 1, "protocol": "whip", "shard": 0, "media": media}]));
}

#[tokio::test]
async fn each_participant_of_a_list_has_its_own_connections() {
    let server = server();
    server.join("/whip/demo?identity=ann").await;
    for _ in 0..2 {
        server.join("/whep/demo?identity=bob").await;
    }
    server.join("/whep/other?identity=ann").await;
    let list = server.operate("GET", "/api/v1/rooms/demo/participants", "").await.json();
    let connections = |who: usize| -> Vec<(u64, &str, bool)> {
        let transports = list["participants"][who]["transports"].as_array().unwrap().iter();
        let row = |it: &'_ Value| (it["transport"].as_u64().unwrap(), it["media"].is_null());
        let protocols = list["participants"][who]["transports"].as_array().unwrap().iter();
        transports
            .map(row)
            .zip(protocols)
            .map(|((id, null), it)| (id, it["protocol"].as_str().unwrap(), null))
            .collect()
    };
    assert_eq!(connections(0), [(1, "whip", false)]);
    assert_eq!(connections(1), [(2, "whep", true), (3, "whep", true)], "the shard says nothing of them");
}
