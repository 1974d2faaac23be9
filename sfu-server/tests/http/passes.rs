//! A server that asks for tokens, and the tokens.

use std::path::PathBuf;

use serde_json::{Value, json};
use sfu_server::auth::{Claims, Keys, mint};
use sfu_server::signal::now;

use crate::support::{Script, Server};

/// Of one secret; which it is, is no matter.
pub const KEYS: &str =
    r#"{"keys":[{"kty":"oct","kid":"test","alg":"HS256","k":"YW4gSFMyNTYgc2VjcmV0IG9mIDMyIGJ5dGVzLCBvay4"}]}"#;

/// Asks for tokens.
pub fn guarded(flags: &[(&str, &str)]) -> Server {
    guarded_with(flags, || Box::new(|_| None))
}

pub fn guarded_with(flags: &[(&str, &str)], script: impl FnMut() -> Script) -> Server {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("keys-{}.json", std::process::id()));
    // Written by rename: another test may be reading it.
    let written = path.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::write(&written, KEYS).unwrap();
    std::fs::rename(&written, &path).unwrap();
    let keys = ("auth_keys", path.to_str().unwrap());
    Server::with(&[&[keys], flags].concat(), 1, script)
}

pub fn seconds() -> u64 {
    now().unix_ms / 1_000
}

/// A token of these claims, with the usual times and audience where they say nothing else.
pub fn token(claims: &Value) -> String {
    let mut whole = json!({"aud": "sfu", "nbf": seconds() - 5, "exp": seconds() + 600});
    whole.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let claims: Claims = serde_json::from_value(whole).unwrap();
    mint(&claims, &Keys::parse(KEYS).unwrap(), None).unwrap()
}

/// One for a room, as this identity, with these grants.
pub fn pass(room: &str, identity: &str, grants: &[&str]) -> String {
    token(&json!({"room": room, "identity": identity, "grants": grants}))
}

pub fn admin() -> String {
    token(&json!({"grants": ["admin"]}))
}

/// One that was good until a moment ago.
pub fn expired(room: &str) -> String {
    token(&json!({
        "room": room, "identity": "ann", "grants": ["join", "subscribe"], "nbf": seconds() - 60, "exp": seconds() - 1,
    }))
}
