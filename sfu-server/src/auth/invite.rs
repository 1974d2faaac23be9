//! Invites: short links that a key has signed, which become a token when they are used. What such a link says, it says itself: the
//! room, the role, until when and how often; how often it was used, and whether it was withdrawn, is the [`book`](super::book)'s.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA256, Key as MacKey, sign};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sfu_core::id::RoomName;
use utoipa::ToSchema;

use super::grants::Grant;
use super::key::Key;
use super::keys::Keys;

/// Longest time that an invite is good for, s: 30 days. A meeting further ahead gets its invites later.
pub const INVITE_LIFETIME_MAX_S: u64 = 30 * 24 * 60 * 60;
/// Most uses of an invite: as many as a room holds.
pub const INVITE_USES_MAX: u16 = 1_000;
/// Longest code looked at, characters: a room's name of 128 bytes and 36 more take 219.
const CODE_CHARS_MAX: usize = 256;
/// Form of what is signed.
const VERSION: u8 = 1;
/// Bytes of the code before the room's name.
const HEAD_BYTES: usize = 20;
/// Bytes of the signature: as hard to guess as a resource's address.
const TAG_BYTES: usize = 16;
/// What the key of invites is derived for: a token is never taken for an invite, nor an invite for a token.
const PURPOSE: &[u8] = b"sfu invite 1";

/// What an invite lets one be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees, hears and writes.
    Guest,
    /// Is seen and heard as well.
    Speaker,
    /// Looks into the room by the API and invites others, too.
    Moderator,
}

/// Names an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InviteId(pub u64);

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    pub id: InviteId,
    pub room: RoomName,
    pub role: Role,
    /// Seconds since 1970 (UTC).
    pub issued_s: u32,
    pub expires_s: u32,
    pub uses: u16,
}

impl Role {
    /// As it is written.
    pub const ALL: [(&str, Self); 3] =
        [("guest", Self::Guest), ("speaker", Self::Speaker), ("moderator", Self::Moderator)];

    /// What its bearer may do.
    pub fn grants(self) -> Vec<Grant> {
        match self {
            Self::Guest => vec![Grant::Join, Grant::Subscribe, Grant::Data],
            Self::Speaker => Grant::SPEAKER.to_vec(),
            Self::Moderator => [&Grant::SPEAKER[..], &[Grant::Moderate]].concat(),
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Guest => 1,
            Self::Speaker => 2,
            Self::Moderator => 3,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.iter().map(|(_, role)| *role).find(|role| role.byte() == byte)
    }
}

impl InviteId {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl std::fmt::Display for InviteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Invite {
    /// A new one, if it may be for so long and so often.
    pub fn new(room: RoomName, role: Role, now_s: u64, ttl_s: u64, uses: u16) -> Option<Self> {
        let fits = (1..=INVITE_LIFETIME_MAX_S).contains(&ttl_s) && (1..=INVITE_USES_MAX).contains(&uses);
        let issued_s = u32::try_from(now_s).ok().filter(|_| fits)?;
        let expires_s = u32::try_from(now_s.checked_add(ttl_s)?).ok()?;
        Some(Self { id: InviteId(rand::random()), room, role, issued_s, expires_s, uses })
    }

    /// The code that says it, signed by the first key that can.
    pub fn code(&self, keys: &Keys) -> Option<String> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.room.as_str().len() + TAG_BYTES);
        bytes.extend([VERSION, self.role.byte()]);
        bytes.extend(self.issued_s.to_be_bytes());
        bytes.extend(self.expires_s.to_be_bytes());
        bytes.extend(self.uses.to_be_bytes());
        bytes.extend(self.id.0.to_be_bytes());
        bytes.extend(self.room.as_str().as_bytes());
        let tag = tag(keys.signer(None)?, &bytes)?;
        bytes.extend(tag);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a code that one of these keys has signed.
    pub fn read(code: &str, keys: &Keys) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(Some(code).filter(|code| code.len() <= CODE_CHARS_MAX)?).ok()?;
        let (said, given) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let is_signed = |key: &Key| tag(key, said).is_some_and(|tag| verify_slices_are_equal(&tag, given).is_ok());
        // Every key is tried, whichever it was.
        if keys.all().iter().filter(|key| is_signed(key)).count() == 0 {
            return None;
        }
        let (head, room) = said.split_first_chunk::<HEAD_BYTES>()?;
        let [VERSION, role, i0, i1, i2, i3, e0, e1, e2, e3, u0, u1, id @ ..] = *head else { return None };
        Some(Self {
            id: InviteId(u64::from_be_bytes(id)),
            room: RoomName::new(std::str::from_utf8(room).ok()?).ok()?,
            role: Role::of_byte(role)?,
            issued_s: u32::from_be_bytes([i0, i1, i2, i3]),
            expires_s: u32::from_be_bytes([e0, e1, e2, e3]),
            uses: u16::from_be_bytes([u0, u1]),
        })
    }
}

/// `None`: the key has no part that signs.
fn tag(key: &Key, said: &[u8]) -> Option<Vec<u8>> {
    let derived = sign(&MacKey::new(HMAC_SHA256, key.seed.as_deref()?), PURPOSE);
    let tag = sign(&MacKey::new(HMAC_SHA256, derived.as_ref()), said);
    tag.as_ref().get(..TAG_BYTES).map(<[u8]>::to_vec)
}
