//! From a text to a pass (RFC 7519 §7.2, RFC 8725), with nothing left to the token: its header may hold `alg`, `typ` and `kid` and nothing
//! else, `kid` picks a key among ours by its whole name, and `alg` must be that key's own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::claims::{Claims, Pass};
use super::keys::Keys;
use super::limits::TOKEN_BYTES_MAX;
use super::object::Object;

/// The one type of token (RFC 8725 §3.11).
const TYPE: &str = "JWT";

/// Why a token is not accepted. What is told of one whose signature does not hold is the same whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid here; ask whoever gave it to you for another")]
    Invalid,
    #[error("the token has expired; ask for a new one")]
    Expired,
    #[error("the token is not valid yet; is the clock right of whoever made it?")]
    NotYet,
}

/// Why a token cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    #[error("no key of this name signs; name one that has its private part")]
    NoSigner,
    #[error("these claims make no token that would be accepted")]
    Claims,
    #[error("the token would be longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("signing failed")]
    Signing,
}

/// A header as strict as it can be: what stands there twice, or is not known, refuses the token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// Says what a token allows at `now_s`, seconds since 1970 (UTC).
pub fn verify(token: &str, keys: &Keys, audience: &str, now_s: u64) -> Result<Pass, TokenError> {
    let claims = signed(token, keys).ok_or(TokenError::Invalid)?;
    claims.check(audience, now_s)
}

/// The name of the key that a token says it was signed by; it proves nothing of a token that is not verified.
pub fn key_of(token: &str) -> Option<String> {
    let (header, _) = token.split_once('.')?;
    let Object(StrictHeader { kid, .. }) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    Some(kid)
}

/// Signs claims by the key of this name, or the first that can.
pub fn mint(claims: &Claims, keys: &Keys, key_id: Option<&str>) -> Result<String, MintError> {
    claims.check(&claims.aud, claims.nbf).map_err(|_| MintError::Claims)?;
    let key = keys.signer(key_id).ok_or(MintError::NoSigner)?;
    let signs = key.signs.as_ref().ok_or(MintError::NoSigner)?;
    let mut header = jsonwebtoken::Header::new(key.algorithm);
    header.kid = Some(key.id.clone());
    let token = encode(&header, claims, signs).map_err(|_| MintError::Signing)?;
    if token.len() > TOKEN_BYTES_MAX { Err(MintError::TooLong) } else { Ok(token) }
}

/// The claims of a token that one of our keys has signed.
fn signed(token: &str, keys: &Keys) -> Option<Claims> {
    if token.len() > TOKEN_BYTES_MAX || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return None;
    }
    let (header, _) = token.split_once('.')?;
    let Object(StrictHeader { alg, typ, kid }) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let key = keys.find(&kid)?;
    if typ != TYPE || alg != name_of(key.algorithm)? {
        return None;
    }
    // The library verifies the signature, in constant time where it compares secrets. What the claims say is judged by `Claims::check`,
    // by a clock that is passed in.
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let Object(claims) = decode(token, &key.verifies, &validation).ok()?.claims;
    Some(claims)
}

fn name_of(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::HS256 => Some("HS256"),
        Algorithm::EdDSA => Some("EdDSA"),
        _ => None,
    }
}
