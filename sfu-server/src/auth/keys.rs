//! The keys in force: a JSON Web Key Set (RFC 7517 §5), read strictly.

use serde::{Deserialize, Serialize};

use super::key::{Jwk, Key, KeyError};
use super::limits::{KEYS_FILE_BYTES_MAX, KEYS_MAX};

/// A file of keys as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// Keys, each under a name of its own; at least one.
#[derive(Debug, Clone)]
pub struct Keys(Vec<Key>);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    #[error("is larger than {KEYS_FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("is not a set of JSON Web Keys: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("holds no key; with none, nobody could come in")]
    Empty,
    #[error("holds more than {KEYS_MAX} keys")]
    TooMany,
    #[error("key {number}: {source}")]
    Key { number: usize, source: KeyError },
    #[error("has two keys with the kid `{0}`")]
    Twice(String),
}

impl Keys {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let Jwks { keys } = serde_json::from_str(text).map_err(KeysError::NotJson)?;
        if keys.len() > KEYS_MAX {
            return Err(KeysError::TooMany);
        }
        let mut read: Vec<Key> = Vec::with_capacity(keys.len());
        for (index, jwk) in keys.iter().enumerate() {
            let key = jwk.key().map_err(|source| KeysError::Key { number: index + 1, source })?;
            if read.iter().any(|other| other.id == key.id) {
                return Err(KeysError::Twice(key.id));
            }
            read.push(key);
        }
        if read.is_empty() { Err(KeysError::Empty) } else { Ok(Self(read)) }
    }

    /// The key of this name.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The key that signs: the one of this name, or the first that can.
    pub fn signer(&self, id: Option<&str>) -> Option<&Key> {
        let signs = |key: &&Key| key.signs.is_some();
        match id {
            Some(id) => self.find(id).filter(signs),
            None => self.0.iter().find(signs),
        }
    }

    pub(super) fn all(&self) -> &[Key] {
        &self.0
    }

    /// Their names, in the order of the file.
    pub fn ids(&self) -> Vec<&str> {
        self.0.iter().map(|key| key.id.as_str()).collect()
    }
}
