//! What is wrong with a request is said with its code, its field and a sentence; nothing else happens.

use proptest::prelude::*;
use serde_json::{Value, json};
use sfu_server::signal::limits::{
    CHAT_BYTES_MAX, FRAME_BYTES_MAX, METADATA_BYTES_MAX, METADATA_VALUE_BYTES_MAX, NAME_BYTES_MAX,
};
use sfu_server::signal::request::read;

use crate::client::Client;
use crate::support::{OFFER, Server};

/// Requests after a join, and what is wrong with them.
const WRONG: &[(&str, &str, Option<&str>)] = &[
    ("", "malformed", None),
    ("hello", "malformed", None),
    ("{\"id\":1,\"type\":\"ping\"", "malformed", None),
    ("{\"id\":1,\"type\":\"ping\"} {}", "malformed", None),
    ("[]", "malformed", None),
    ("null", "malformed", None),
    ("1", "malformed", None),
    ("{}", "malformed", Some("id")),
    (r#"{"type":"ping"}"#, "malformed", Some("id")),
    (r#"{"id":-1,"type":"ping"}"#, "malformed", Some("id")),
    (r#"{"id":1.5,"type":"ping"}"#, "malformed", Some("id")),
    (r#"{"id":4294967296,"type":"ping"}"#, "malformed", Some("id")),
    (r#"{"id":"1","type":"ping"}"#, "malformed", Some("id")),
    (r#"{"id":1}"#, "malformed", Some("type")),
    (r#"{"id":1,"type":7}"#, "malformed", Some("type")),
    (r#"{"id":1,"type":"dance"}"#, "unknown_type", Some("type")),
    (r#"{"id":1,"type":"Ping"}"#, "unknown_type", Some("type")),
    (r#"{"id":1,"type":"ping","more":1}"#, "invalid_field", Some("more")),
    (r#"{"id":1,"type":"leave","reason":"tired"}"#, "invalid_field", Some("reason")),
    (r#"{"id":1,"type":"offer"}"#, "invalid_field", Some("sdp")),
    (r#"{"id":1,"type":"offer","sdp":7}"#, "invalid_field", Some("sdp")),
    (r#"{"id":1,"type":"offer","sdp":"v=0","fresh":"yes"}"#, "invalid_field", Some("fresh")),
    (r#"{"id":1,"type":"offer","sdp":"v=0","tracks":{}}"#, "invalid_field", Some("tracks")),
    (r#"{"id":1,"type":"offer","sdp":"v=0","tracks":[{"mid":"0"}]}"#, "invalid_field", Some("tracks[0].source")),
    (
        r#"{"id":1,"type":"offer","sdp":"v=0","tracks":[{"mid":"0","source":"cam"}]}"#,
        "invalid_field",
        Some("tracks[0].source"),
    ),
    (
        r#"{"id":1,"type":"offer","sdp":"v=0","tracks":[{"mid":"0","source":"camera"},{"mid":"0","source":"screen"}]}"#,
        "invalid_field",
        Some("tracks[1].mid"),
    ),
    (
        r#"{"id":1,"type":"offer","sdp":"v=0","tracks":[{"mid":"","source":"camera"}]}"#,
        "invalid_field",
        Some("tracks[0].mid"),
    ),
    (r#"{"id":1,"type":"layout"}"#, "invalid_field", Some("slots")),
    (r#"{"id":1,"type":"layout","slots":[7]}"#, "invalid_field", Some("slots[0]")),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@bob","height":70000,"priority":1}]}"#,
        "invalid_field",
        Some("slots[0].height"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@bob","height":1,"priority":1},{"mid":"2","track":"0@bob","height":-1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[1].height"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@bob","height":1,"priority":256}]}"#,
        "invalid_field",
        Some("slots[0].priority"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@bob","height":1}]}"#,
        "invalid_field",
        Some("slots[0].priority"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@bob","height":1,"priority":1,"color":1}]}"#,
        "invalid_field",
        Some("slots[0].color"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"bob","height":1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[0].track"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@","height":1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[0].track"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"@bob","height":1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[0].track"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1 2","track":"0@bob","height":1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[0].mid"),
    ),
    (
        r#"{"id":1,"type":"layout","slots":[{"mid":"1","track":"0@a","height":1,"priority":1},{"mid":"1","track":"0@b","height":1,"priority":1}]}"#,
        "invalid_field",
        Some("slots[1].mid"),
    ),
    (r#"{"id":1,"type":"mute","mid":"0"}"#, "invalid_field", Some("muted")),
    (r#"{"id":1,"type":"mute","mid":0,"muted":true}"#, "invalid_field", Some("mid")),
    (r#"{"id":1,"type":"mute","mid":"0","muted":1}"#, "invalid_field", Some("muted")),
    (r#"{"id":1,"type":"chat"}"#, "invalid_field", Some("text")),
    (r#"{"id":1,"type":"chat","text":" \n "}"#, "invalid_field", Some("text")),
    (r#"{"id":1,"type":"chat","text":"a\u0000b"}"#, "invalid_field", Some("text")),
    (r#"{"id":1,"type":"chat","text":null}"#, "invalid_field", Some("text")),
    (r#"{"id":1,"type":"join","version":1,"name":"Ann"}"#, "out_of_order", None),
    (r#"{"id":1,"type":"layout","slots":[]}"#, "out_of_order", None),
    (r#"{"id":1,"type":"mute","mid":"0","muted":true}"#, "out_of_order", None),
];

/// Joins that come to nothing.
fn wrong_joins() -> Vec<(Value, &'static str, &'static str)> {
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    let value = "x".repeat(METADATA_VALUE_BYTES_MAX + 1);
    let many: serde_json::Map<String, Value> = (0..9).map(|i| (i.to_string(), json!(""))).collect();
    let half = "x".repeat(METADATA_BYTES_MAX / 2 - 1);
    vec![
        (json!({"name": "Ann"}), "invalid_field", "version"),
        (json!({"version": 1}), "invalid_field", "name"),
        (json!({"version": 2, "name": "Ann"}), "unsupported_version", "version"),
        (json!({"version": "1", "name": "Ann"}), "invalid_field", "version"),
        (json!({"version": 1, "name": ""}), "invalid_field", "name"),
        (json!({"version": 1, "name": "  "}), "invalid_field", "name"),
        (json!({"version": 1, "name": "a\u{202e}b"}), "invalid_field", "name"),
        (json!({"version": 1, "name": long}), "too_large", "name"),
        (json!({"version": 1, "name": "Ann", "identity": "a,b"}), "invalid_field", "identity"),
        (json!({"version": 1, "name": "Ann", "identity": "a/b"}), "invalid_field", "identity"),
        (json!({"version": 1, "name": "Ann", "identity": long}), "invalid_field", "identity"),
        (json!({"version": 1, "name": "Ann", "metadata": {"role": 7}}), "invalid_field", "metadata.role"),
        (json!({"version": 1, "name": "Ann", "metadata": {"role": value}}), "too_large", "metadata.role"),
        (json!({"version": 1, "name": "Ann", "metadata": {"aa": half, "b": half}}), "too_large", "metadata"),
        (json!({"version": 1, "name": "Ann", "metadata": {"role": "\u{1}"}}), "invalid_field", "metadata.role"),
        (json!({"version": 1, "name": "Ann", "metadata": {"\u{7f}": "x"}}), "invalid_field", "metadata"),
        (json!({"version": 1, "name": "Ann", "metadata": many}), "too_many", "metadata"),
        (json!({"version": 1, "name": "Ann", "metadata": {"": "x"}}), "invalid_field", "metadata"),
        (json!({"version": 1, "name": "Ann", "resume": "1.2"}), "resume_failed", "resume"),
        (json!({"version": 1, "name": "Ann", "tokens": "x"}), "invalid_field", "tokens"),
    ]
}

#[tokio::test]
async fn every_error_names_its_field_and_changes_nothing() {
    let server = Server::start();
    for (text, code, field) in WRONG {
        let (mut ann, _) = Client::join(&server, "demo", "ann").await;
        ann.send(*text).await;
        let error = ann.expect("error").await;
        assert_eq!(error["code"], *code, "{text} → {error}");
        assert_eq!(error["field"], field.map_or(Value::Null, |field| json!(field)), "{text} → {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        let id = serde_json::from_str::<Value>(text).ok().and_then(|value| value["id"].as_u64());
        let echoed = id.filter(|id| *id <= u64::from(u32::MAX));
        assert_eq!(error["id"].as_u64(), echoed, "{text} → {error}");
        assert_eq!(ann.request(json!({"type": "leave"})).await["type"], "ok", "the socket lives after {text}");
    }
    assert!(server.commands.lock().unwrap().is_empty(), "nothing reached a shard");
}

#[tokio::test]
async fn a_join_that_is_refused_may_be_tried_again_on_the_same_socket() {
    let server = Server::start();
    for (mut message, code, field) in wrong_joins() {
        let mut client = Client::connect(&server, "demo").await;
        message["type"] = json!("join");
        let error = client.request(message.clone()).await;
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{message} → {error}");
        let joined = client.request(json!({"type": "join", "version": 1, "name": "Ann 👩‍🚀"})).await;
        assert_eq!(joined["type"], "joined", "{joined}");
        client.request(json!({"type": "leave"})).await;
    }
}

#[tokio::test]
async fn nothing_but_ping_comes_before_join() {
    let server = Server::start();
    let mut client = Client::connect(&server, "demo").await;
    assert_eq!(client.request(json!({"type": "ping"})).await["type"], "pong");
    for message in [
        json!({"type": "offer", "sdp": OFFER}),
        json!({"type": "layout", "slots": []}),
        json!({"type": "mute", "mid": "0", "muted": true}),
        json!({"type": "chat", "text": "hello"}),
        json!({"type": "leave"}),
    ] {
        let error = client.request(message).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("out_of_order")), "{error}");
    }
}

#[tokio::test]
async fn what_a_shard_refuses_is_said_with_the_field() {
    use sfu_core::command::Command;
    use sfu_core::error::RequestError;
    use sfu_core::event::Event;
    use sfu_core::id::Mid;
    use sfu_core::sdp::SdpError;

    let server = Server::scripted(|command| match command {
        Command::SetLayout { request, layout, .. } => {
            let error = RequestError::NoSuchSlot { index: 1, mid: layout[1].mid.clone() };
            Some(vec![Event::Rejected { request: *request, error }])
        }
        Command::SetMuted { request, mid, .. } => {
            let error = RequestError::NoSuchTrack { mid: Mid::clone(mid) };
            Some(vec![Event::Rejected { request: *request, error }])
        }
        Command::Renegotiate { request, .. } => {
            let error = RequestError::Sdp(SdpError::NoSection);
            Some(vec![Event::Rejected { request: *request, error }])
        }
        _ => None,
    });
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let slot = |mid: &str| json!({"mid": mid, "track": "0@bob", "height": 180, "priority": 0});
    let requests = [
        (json!({"type": "layout", "slots": [slot("3"), slot("9")]}), "not_found", "slots[1].mid"),
        (json!({"type": "mute", "mid": "7", "muted": true}), "not_found", "mid"),
        (json!({"type": "offer", "sdp": "v=0"}), "bad_sdp", "sdp"),
    ];
    for (request, code, field) in requests {
        let error = ann.request(request).await;
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{error}");
    }
}

#[test]
fn what_is_longer_than_it_may_be_is_too_large() {
    let text = "x".repeat(CHAT_BYTES_MAX + 1);
    let (id, refusal) = read(&json!({"id": 3, "type": "chat", "text": text}).to_string()).unwrap_err();
    assert_eq!((id, refusal.field.as_deref()), (Some(3), Some("text")));
    assert!(read(&json!({"id": 3, "type": "chat", "text": &text[1..]}).to_string()).is_ok());
    let deep = format!("{{\"id\":1,\"type\":{}", "[".repeat(100_000));
    assert!(read(&deep).is_err());
    let sdp = "a=x\r\n".repeat(FRAME_BYTES_MAX / 5);
    assert!(read(&json!({"id": 1, "type": "offer", "sdp": sdp}).to_string()).is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = ["join", "offer", "layout", "mute", "chat", "ping", "0@bob", "camera", "x\u{202e}", ""];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let names = ["mid", "track", "height", "priority", "source", "muted", "x"];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let key = proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_request_or_an_error_with_a_sentence(text in ".{0,300}") {
        if let Err((_, refusal)) = read(&text) {
            prop_assert!(!refusal.message.is_empty() && refusal.message.chars().count() <= 301);
        }
    }

    #[test]
    fn any_fields_are_a_request_or_an_error_with_its_id(
        kind in proptest::sample::select(vec!["join", "offer", "layout", "mute", "chat", "leave", "ping"]),
        fields in proptest::collection::btree_map(
            proptest::sample::select(vec!["version", "name", "metadata", "identity", "resume", "sdp", "tracks", "fresh", "slots", "mid", "muted", "text"]),
            any_json(),
            0..5,
        ),
    ) {
        let mut message = json!({"id": 9, "type": kind});
        for (name, value) in fields {
            message[name] = value;
        }
        match read(&message.to_string()) {
            Ok((id, checked)) => prop_assert_eq!((id, checked.kind()), (9, kind)),
            Err((id, refusal)) => prop_assert!(id == Some(9) && !refusal.message.is_empty()),
        }
    }
}
