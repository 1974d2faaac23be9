//! The TypeScript of the signalling messages is what the Rust types say; `UPDATE_WIRE=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fmt::Write;
use std::path::Path;

use sfu_server::signal::wire;
use ts_rs::{Config, TS};

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
    declaration::<wire::IceServer>(config, &mut text);
    declaration::<wire::LeaveReason>(config, &mut text);
    declaration::<wire::ErrorCode>(config, &mut text);
    declaration::<wire::Participant>(config, &mut text);
    declaration::<wire::Presence>(config, &mut text);
    declaration::<wire::Via>(config, &mut text);
    declaration::<wire::Track>(config, &mut text);
    declaration::<wire::TrackKind>(config, &mut text);
    declaration::<wire::Slot>(config, &mut text);
    declaration::<wire::SlotState>(config, &mut text);
    declaration::<wire::Layer>(config, &mut text);
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
