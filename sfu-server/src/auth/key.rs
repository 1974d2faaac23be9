//! One key, as a JSON Web Key (RFC 7517): the secret of HS256 (RFC 7518 §6.4), or an Ed25519 key (RFC 8037 §2), whose private part
//! a server that signs nothing need not have.
//! Invariant: a key has one algorithm, and verifies nothing of another.

use std::fmt;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::limits::{KEY_ID_BYTES_MAX, SECRET_BYTES_MAX, SECRET_BYTES_MIN};

/// Bytes of an Ed25519 key, either part (RFC 8032 §5.1.5).
const ED25519_BYTES: usize = 32;

/// A key as it stands in the file. What else a JWK may hold is refused: it would be believed to have an effect.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    pub kty: String,
    pub kid: String,
    pub alg: String,
    /// Of `oct`: the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<String>,
    /// Of `OKP`: the curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Of `OKP`: the public part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Of `OKP`: the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<String>,
    /// `sig`, if at all.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// A key that verifies, and signs if it has what that takes.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub algorithm: Algorithm,
    pub(super) verifies: DecodingKey,
    pub(super) signs: Option<EncodingKey>,
    /// What the keys of invites are derived from, where there is a private part.
    pub(super) seed: Option<Vec<u8>>,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("kid must be 1 to {KEY_ID_BYTES_MAX} letters, digits and ._-, without a dot at its beginning")]
    Id,
    #[error("alg and kty must be HS256 with oct, or EdDSA with OKP")]
    Algorithm,
    #[error("use must be sig, if it is there at all")]
    Use,
    #[error(
        "k must be {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes in base64url without padding, and nothing else may stand beside it"
    )]
    Secret,
    #[error(
        "crv must be Ed25519, x and d (if it is there) 32 bytes each in base64url without padding, and d the private part of x"
    )]
    Ed25519,
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl Jwk {
    /// Draws a secret for HS256.
    pub fn hs256(id: &str) -> Result<Self, KeyError> {
        let k = URL_SAFE_NO_PAD.encode(random()?);
        let (kty, alg) = ("oct".to_owned(), "HS256".to_owned());
        Ok(Self { kty, kid: id.to_owned(), alg, k: Some(k), crv: None, x: None, d: None, purpose: None })
    }

    /// Draws an Ed25519 key.
    pub fn ed25519(id: &str) -> Result<Self, KeyError> {
        let seed = random()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Ed25519)?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Ok(Self {
            kty: "OKP".to_owned(),
            kid: id.to_owned(),
            alg: "EdDSA".to_owned(),
            k: None,
            crv: Some("Ed25519".to_owned()),
            x: Some(x),
            d: Some(URL_SAFE_NO_PAD.encode(seed)),
            purpose: None,
        })
    }

    /// Without what signs: for a server that only verifies. A secret has no such part.
    pub fn public(&self) -> Option<Self> {
        self.x.is_some().then(|| Self { d: None, ..self.clone() })
    }

    /// Checks it.
    pub fn key(&self) -> Result<Key, KeyError> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let length = self.kid.len();
        if !(1..=KEY_ID_BYTES_MAX).contains(&length) || !self.kid.bytes().all(is_id) || self.kid.starts_with('.') {
            return Err(KeyError::Id);
        }
        if self.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err(KeyError::Use);
        }
        match (self.kty.as_str(), self.alg.as_str()) {
            ("oct", "HS256") => self.secret(),
            ("OKP", "EdDSA") => self.edwards(),
            _ => Err(KeyError::Algorithm),
        }
    }

    fn secret(&self) -> Result<Key, KeyError> {
        let is_alone = self.crv.is_none() && self.x.is_none() && self.d.is_none();
        let secret = self.k.as_deref().filter(|_| is_alone).and_then(|k| URL_SAFE_NO_PAD.decode(k).ok());
        let fits = |secret: &Vec<u8>| (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.len());
        let secret = secret.filter(fits).ok_or(KeyError::Secret)?;
        Ok(Key {
            id: self.kid.clone(),
            algorithm: Algorithm::HS256,
            verifies: DecodingKey::from_secret(&secret),
            signs: Some(EncodingKey::from_secret(&secret)),
            seed: Some(secret),
        })
    }

    fn edwards(&self) -> Result<Key, KeyError> {
        let is_whole = self.k.is_none() && self.crv.as_deref() == Some("Ed25519");
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == ED25519_BYTES);
        let x = self.x.as_deref().filter(|_| is_whole).and_then(part).ok_or(KeyError::Ed25519)?;
        let seed = self.d.as_deref().map(|d| part(d).ok_or(KeyError::Ed25519)).transpose()?;
        let pair = seed.as_deref().map(|seed| {
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, &x).map_err(|_| KeyError::Ed25519)?;
            pair.to_pkcs8v1().map_err(|_| KeyError::Ed25519)
        });
        let pair = pair.transpose()?;
        Ok(Key {
            id: self.kid.clone(),
            algorithm: Algorithm::EdDSA,
            verifies: DecodingKey::from_ed_der(&x),
            signs: pair.map(|pair| EncodingKey::from_ed_der(pair.as_ref())),
            seed,
        })
    }
}

fn random() -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).field("alg", &self.alg).finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
