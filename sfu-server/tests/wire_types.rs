//! The signalling messages' Rust types are what the TypeScript says, which `UPDATE_WIRE=1` writes anew, and what is read.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use sfu_core::command::{LayoutEntry, Muting};
use sfu_core::id::{Identity, Mid, TrackName};
use sfu_server::signal::request::{self, Checked};
use sfu_server::signal::wire;
use ts_rs::{Config, TS};
use wire::Request;

fn declaration<T: TS + ?Sized>(config: &Config, text: &mut String) {
    let docs = T::docs().unwrap_or_default();
    writeln!(text, "{docs}export {}\n", T::decl(config)).unwrap();
}

fn generated() -> String {
    let mut text = String::from("// Generated from sfu-server/src/signal/wire by its test; do not edit.\n\n");
    writeln!(text, "/** Version of the signalling protocol. */\nexport const VERSION = {};\n", wire::VERSION).unwrap();
    let config = &Config::default();
    declaration::<wire::ClientMessage>(config, &mut text);
    declaration::<wire::Request>(config, &mut text);
    declaration::<wire::TrackUse>(config, &mut text);
    declaration::<wire::TrackSource>(config, &mut text);
    declaration::<wire::LayoutSlot>(config, &mut text);
    declaration::<wire::ServerMessage>(config, &mut text);
    declaration::<wire::Joined>(config, &mut text);
    declaration::<wire::Access>(config, &mut text);
    declaration::<sfu_server::auth::Grant>(config, &mut text);
    declaration::<wire::RefusedTrack>(config, &mut text);
    declaration::<wire::IceServer>(config, &mut text);
    declaration::<wire::LeaveReason>(config, &mut text);
    declaration::<wire::ErrorCode>(config, &mut text);
    declaration::<wire::Participant>(config, &mut text);
    declaration::<wire::Presence>(config, &mut text);
    declaration::<wire::Via>(config, &mut text);
    declaration::<wire::Track>(config, &mut text);
    declaration::<wire::TrackKind>(config, &mut text);
    declaration::<wire::Slot>(config, &mut text);
    declaration::<wire::Limit>(config, &mut text);
    declaration::<wire::SlotState>(config, &mut text);
    declaration::<wire::Layer>(config, &mut text);
    declaration::<wire::LimitedBy>(config, &mut text);
    declaration::<wire::TrackEncodings>(config, &mut text);
    declaration::<wire::Speakers>(config, &mut text);
    declaration::<wire::ChatMessage>(config, &mut text);
    text
}

#[test]
fn the_typescript_is_what_the_rust_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/client/wire.ts");
    let generated = generated();
    if std::env::var_os("UPDATE_WIRE").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "web/src/client/wire.ts has drifted; UPDATE_WIRE=1 cargo test -p sfu-server --test wire_types"
    );
}

/// Requests of every variant, with all of their fields set and with none that may be left out.
fn requests() -> Vec<Request> {
    let metadata = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
    let join = |metadata, identity: Option<&str>, resume: Option<&str>, token: Option<&str>| Request::Join {
        version: wire::VERSION,
        name: "Ann".to_owned(),
        metadata,
        identity: identity.map(str::to_owned),
        resume: resume.map(str::to_owned),
        token: token.map(str::to_owned),
    };
    let source = wire::TrackSource::ScreenAudio;
    let uses = [None, Some(true), Some(false)].into_iter().zip(["0", "1", "2"]);
    let tracks = uses.map(|(muted, mid)| wire::TrackUse { mid: mid.to_owned(), source, muted }).collect();
    let (mid, track) = ("3".to_owned(), "1@bob".to_owned());
    vec![
        join(metadata, Some("ann"), Some("1.6f"), Some("a.b.c")),
        join(BTreeMap::new(), None, None, None),
        Request::Offer { sdp: "v=0".to_owned(), tracks, fresh: true },
        Request::Offer { sdp: "v=0".to_owned(), tracks: Vec::new(), fresh: false },
        Request::Layout { slots: vec![wire::LayoutSlot { mid, track, height: 360, priority: 7 }] },
        Request::Layout { slots: Vec::new() },
        Request::Mute { mid: "0".to_owned(), muted: true },
        Request::Mute { mid: "0".to_owned(), muted: false },
        Request::Chat { text: "hello".to_owned() },
        Request::Leave {},
        Request::Ping {},
    ]
}

/// What the server must read of a request. Names every field, so that a new one does not compile before it is here.
fn meant(request: Request) -> Checked {
    match request {
        Request::Join { version, name, metadata, identity, resume, token } => {
            let identity = identity.map(|identity| Identity::new(&identity).unwrap());
            Checked::Join(request::Join { version, name, metadata, identity, resume, token })
        }
        Request::Offer { sdp, tracks, fresh } => Checked::Offer { sdp, uses: tracks, fresh },
        Request::Layout { slots } => Checked::Layout(slots.into_iter().map(entry).collect()),
        Request::Mute { mid, muted } => {
            let muting = if muted { Muting::Muted } else { Muting::Unmuted };
            Checked::Mute { mid: Mid(mid.into()), muting }
        }
        Request::Chat { text } => Checked::Chat { text },
        Request::Leave {} => Checked::Leave,
        Request::Ping {} => Checked::Ping,
    }
}

fn entry(wire::LayoutSlot { mid, track, height, priority }: wire::LayoutSlot) -> LayoutEntry {
    let (section, owner) = track.split_once('@').unwrap();
    let track = TrackName { identity: Identity::new(owner).unwrap(), mid: Mid(section.into()) };
    LayoutEntry { mid: Mid(mid.into()), track, height, priority }
}

#[test]
fn the_server_reads_every_request_as_the_types_say_it() {
    let mut kinds = BTreeSet::new();
    for (id, request) in (7..).zip(requests()) {
        let text = serde_json::to_string(&wire::ClientMessage { id, request: request.clone() }).unwrap();
        let (read_id, read) = request::read(&text).unwrap_or_else(|refused| panic!("{text}: {refused:?}"));
        kinds.insert(read.kind());
        assert_eq!((read_id, read), (id, meant(request)), "{text}");
    }
    let declaration = Request::decl(&Config::default());
    assert_eq!(declaration.matches("\"type\":").count(), kinds.len(), "{kinds:?} of {declaration}");
    assert!(kinds.iter().all(|kind| declaration.contains(&format!("\"{kind}\""))), "{kinds:?} of {declaration}");
}
