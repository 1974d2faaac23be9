//! What became of invites: how often each was used, and which were withdrawn. Kept in memory, and in a small file where the operator
//! names a folder (`state_dir`); it is written before a use is answered, so that a crash forgets none.
//!
//! Invariant: an invite is used no more often than it says. Without the file that holds across a restart as well, since invites of
//! before it are then refused.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sfu_core::id::RoomName;

use super::file::replace_file;
use super::invite::{Invite, InviteId, Role};

/// Invites known at a time, of all rooms; some 200 bytes each in the file. Those that have expired are forgotten first.
pub const INVITES_MAX: usize = 4_096;
/// The file's name in the folder.
const FILE: &str = "invites.json";

/// Why an invite lets nobody in. Its signature holds, so that it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("the invitation has run out; ask for a new one")]
    Expired,
    #[error("the invitation has been used as often as it may be; ask for a new one")]
    UsedUp,
    #[error("the invitation has been withdrawn; ask for a new one")]
    Withdrawn,
    #[error(
        "the server was started anew since the invitation was made, and remembers none of before; ask for a new one"
    )]
    Forgotten,
    #[error("the server knows of {INVITES_MAX} invitations that are still good, which is the most; withdraw some")]
    TooMany,
    #[error("the server cannot write down that the invitation is used; the operator finds the reason in its log")]
    NotKept,
}

/// What is known of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub room: String,
    pub role: Role,
    pub expires_s: u32,
    pub uses: u16,
    pub used: u16,
    pub withdrawn: bool,
}

/// What a file cannot be used for.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = path.display())]
pub struct BookError {
    path: PathBuf,
    source: io::Error,
}

type Pages = BTreeMap<String, Known>;

/// Every invite that is known.
#[derive(Debug)]
pub struct Book {
    /// When the server was started, s since 1970 (UTC): without a file, what was made before and is not known here may be used up.
    born_s: u64,
    file: Option<PathBuf>,
    pages: Mutex<Pages>,
}

impl Book {
    /// Reads the file in this folder, or begins it.
    pub fn open(folder: Option<&Path>, now_s: u64) -> Result<Self, BookError> {
        let file = folder.map(|folder| folder.join(FILE));
        let pages = file.as_deref().map_or(Ok(Pages::new()), |path| {
            read(path).map_err(|source| BookError { path: path.to_owned(), source })
        })?;
        let book = Self { born_s: now_s, file, pages: Mutex::new(pages) };
        // Whether it can be written shall be known now, not when the first guest comes.
        let written = book.write(&book.lock());
        written.map_err(|source| BookError { path: book.file.clone().unwrap_or_default(), source })?;
        Ok(book)
    }

    /// Notes an invite that was made, so that it is listed.
    pub fn add(&self, invite: &Invite, now_s: u64) -> Result<(), Unusable> {
        self.change(now_s, |pages| enter(pages, invite).map(drop))
    }

    /// Uses an invite once; of two who use its last use, one does.
    pub fn redeem(&self, invite: &Invite, now_s: u64) -> Result<(), Unusable> {
        if u64::from(invite.expires_s) <= now_s {
            return Err(Unusable::Expired);
        }
        let is_of_before = self.file.is_none() && u64::from(invite.issued_s) <= self.born_s;
        self.change(now_s, |pages| {
            if is_of_before && !pages.contains_key(&invite.id.to_string()) {
                return Err(Unusable::Forgotten);
            }
            let known = enter(pages, invite)?;
            if known.withdrawn {
                return Err(Unusable::Withdrawn);
            }
            if known.used >= known.uses {
                return Err(Unusable::UsedUp);
            }
            known.used += 1;
            Ok(())
        })
    }

    /// Withdraws an invite of a room. `None`: it is not known there.
    pub fn withdraw(&self, room: &RoomName, id: InviteId, now_s: u64) -> Option<Result<(), Unusable>> {
        let is_there = self.lock().get(&id.to_string()).is_some_and(|known| known.room == room.as_str());
        is_there.then(|| {
            self.change(now_s, |pages| {
                if let Some(known) = pages.get_mut(&id.to_string()) {
                    known.withdrawn = true;
                }
                Ok(())
            })
        })
    }

    /// Those of a room that have not expired.
    pub fn list(&self, room: &RoomName, now_s: u64) -> Vec<(String, Known)> {
        let pages = self.lock();
        let here = pages.iter().filter(|(_, known)| known.room == room.as_str() && u64::from(known.expires_s) > now_s);
        here.map(|(id, known)| (id.clone(), known.clone())).collect()
    }

    /// Changes what is known and writes it down; what cannot be written down has not happened.
    fn change(&self, now_s: u64, act: impl FnOnce(&mut Pages) -> Result<(), Unusable>) -> Result<(), Unusable> {
        let mut pages = self.lock();
        let mut changed = pages.clone();
        changed.retain(|_, known| u64::from(known.expires_s) > now_s);
        act(&mut changed)?;
        self.write(&changed).map_err(|error| {
            tracing::error!(file = ?self.file, %error, "what becomes of invitations cannot be written down");
            Unusable::NotKept
        })?;
        *pages = changed;
        Ok(())
    }

    fn write(&self, pages: &Pages) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        replace_file(path, serde_json::to_string(pages)?.as_bytes())
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn enter<'a>(pages: &'a mut Pages, invite: &Invite) -> Result<&'a mut Known, Unusable> {
    let id = invite.id.to_string();
    if !pages.contains_key(&id) && pages.len() >= INVITES_MAX {
        return Err(Unusable::TooMany);
    }
    let room = invite.room.to_string();
    let Invite { role, expires_s, uses, .. } = *invite;
    Ok(pages.entry(id).or_insert(Known { room, role, expires_s, uses, used: 0, withdrawn: false }))
}

fn read(path: &Path) -> io::Result<Pages> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Pages::new()),
        Err(error) => Err(error),
    }
}
