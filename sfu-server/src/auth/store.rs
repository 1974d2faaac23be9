//! The file of keys, read again when it changes: a bad one leaves the keys before it in force.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::keys::{Keys, KeysError};
use super::limits::KEYS_FILE_BYTES_MAX;

/// Keys in force, and where they come from.
#[derive(Debug)]
pub struct KeyStore {
    path: PathBuf,
    keys: RwLock<Arc<Keys>>,
    /// The file as it was last looked at, good or bad: each change is judged, and told, once.
    seen: Mutex<Option<Vec<u8>>>,
}

/// What looking at the file came to.
#[derive(Debug)]
pub enum Reload {
    /// It is as it was.
    Same,
    /// Other keys are in force.
    Changed,
    /// Those of before are, as these cannot be used.
    Refused(KeysError),
}

impl KeyStore {
    /// Reads the file for the first time.
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        let text = read(path)?;
        let keys = Arc::new(parse(&text)?);
        Ok(Self { path: path.to_owned(), keys: RwLock::new(keys), seen: Mutex::new(Some(text)) })
    }

    /// Keys that come from no file.
    pub fn of(keys: Keys) -> Self {
        Self { path: PathBuf::new(), keys: RwLock::new(Arc::new(keys)), seen: Mutex::new(None) }
    }

    /// The keys in force now.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where they come from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file again, and puts what is new in force.
    pub fn reload(&self) -> Reload {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match read(&self.path) {
            Ok(text) if seen.as_ref() == Some(&text) => return Reload::Same,
            Ok(text) => text,
            Err(_) if seen.is_none() => return Reload::Same,
            Err(error) => {
                *seen = None;
                return Reload::Refused(error);
            }
        };
        let parsed = parse(&text);
        *seen = Some(text);
        match parsed {
            Ok(keys) => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                Reload::Changed
            }
            Err(error) => Reload::Refused(error),
        }
    }

    /// As [`reload`](Self::reload), and says in the log what it came to.
    pub fn look(&self) -> Reload {
        let path = self.path.display();
        let reload = self.reload();
        match &reload {
            Reload::Same => {}
            Reload::Changed => tracing::info!(file = %path, keys = ?self.keys().ids(), "keys read"),
            Reload::Refused(error) => tracing::error!(
                file = %path, %error, keys = ?self.keys().ids(), "the file of keys is refused; the keys before it stay in force"
            ),
        }
        reload
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeysError> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(KeysError::Unreadable)?;
    file.take(KEYS_FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(KeysError::Unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes <= KEYS_FILE_BYTES_MAX) {
        Ok(text)
    } else {
        Err(KeysError::TooLarge)
    }
}

fn parse(text: &[u8]) -> Result<Keys, KeysError> {
    let not_text = |_| KeysError::NotJson(serde::de::Error::custom("not UTF-8"));
    Keys::parse(std::str::from_utf8(text).map_err(not_text)?)
}
