//! Tokens made by hand, byte by byte: whatever a library would refuse to write.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sfu_server::auth::{Jwk, Jwks, Keys, Pass, TokenError, verify};

pub const AUDIENCE: &str = "sfu";
/// The time at which tokens are judged, s.
pub const NOW: u64 = 1_800_000_000;
pub const SECRET: [u8; 32] = *b"an HS256 secret of 32 bytes, ok.";
pub const OTHER_SECRET: [u8; 32] = *b"another HS256 secret, 32 bytes..";
pub const SEED: [u8; 32] = *b"an Ed25519 seed of 32 bytes, ok.";
pub const FOREIGN_SEED: [u8; 32] = *b"a seed that is of no key of ours";

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn pair(seed: &[u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).unwrap()
}

pub fn public() -> Vec<u8> {
    pair(&SEED).public_key().as_ref().to_vec()
}

pub fn oct(kid: &str, secret: &[u8]) -> Value {
    json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": b64(secret)})
}

pub fn okp(kid: &str) -> Value {
    json!({"kty": "OKP", "kid": kid, "alg": "EdDSA", "crv": "Ed25519", "x": b64(public()), "d": b64(SEED)})
}

/// The keys that the corpus is judged by: two secrets, and an Ed25519 key.
pub fn keys() -> Keys {
    let set = json!({"keys": [oct("hs", &SECRET), oct("hs-2", &OTHER_SECRET), okp("ed")]});
    Keys::parse(&set.to_string()).unwrap()
}

/// A pair of them that was drawn.
pub fn drawn() -> Keys {
    let set = Jwks { keys: vec![Jwk::hs256("a").unwrap(), Jwk::ed25519("b").unwrap()] };
    Keys::parse(&serde_json::to_string(&set).unwrap()).unwrap()
}

/// What signs.
#[derive(Clone, Copy)]
pub enum By<'a> {
    Hs(&'a [u8]),
    Ed(&'a [u8; 32]),
}

impl By<'_> {
    pub fn sign(self, text: &str) -> Vec<u8> {
        match self {
            Self::Hs(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes()).as_ref().to_vec()
            }
            Self::Ed(seed) => pair(seed).sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}

/// A token of these texts, signed.
pub fn token(header: &str, claims: &str, by: By<'_>) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let signature = b64(by.sign(&signed));
    format!("{signed}.{signature}")
}

pub const HS: &str = r#"{"alg":"HS256","typ":"JWT","kid":"hs"}"#;
pub const ED: &str = r#"{"alg":"EdDSA","typ":"JWT","kid":"ed"}"#;

/// Claims that are accepted.
pub fn claims() -> Value {
    json!({
        "aud": AUDIENCE, "nbf": NOW - 10, "exp": NOW + 3_600, "room": "demo", "identity": "ann",
        "grants": ["join", "publish_camera", "subscribe"],
    })
}

/// The same but for one claim; null takes it away.
pub fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let fields = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(fields.remove(name)),
        value => drop(fields.insert(name.to_owned(), value)),
    }
    claims
}

/// Claims, signed as they should be.
pub fn signed(claims: &Value) -> String {
    token(HS, &claims.to_string(), By::Hs(&SECRET))
}

/// Claims as text, signed as they should be.
pub fn signed_text(claims: &str) -> String {
    token(HS, claims, By::Hs(&SECRET))
}

pub fn judge(token: &str) -> Result<Pass, TokenError> {
    verify(token, &keys(), AUDIENCE, NOW)
}
