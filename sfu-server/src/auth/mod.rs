//! Who may come in, and what for: tokens (RFC 7519) signed by keys that the operator has put into a file, or nobody asked where it
//! has put none. Control path, before a room is looked at: who is refused learns nothing of rooms, nor how long looking for one takes.
//!
//! [`verify`] judges a text, [`claims`] what it says, [`key`], [`keys`] and [`store`] what it was signed by; [`invite`] and [`book`] are
//! links that become tokens; [`Auth`] is what routes
//! and sockets ask.

mod bearer;
mod book;
mod claims;
mod door;
mod file;
mod grants;
mod invite;
mod key;
mod keys;
pub mod limits;
mod object;
mod offer;
mod store;
mod verify;

pub use bearer::{bearer, came_through_proxy, is_asked_as_this_machine};
pub use book::{Book, BookError, INVITES_MAX, Known, Unusable};
pub use claims::{ClaimedCaps, Claims, Participant, Pass};
pub use door::{Auth, Denied, Entrant, Openness};
pub use file::replace_file;
pub use grants::{Grant, Grants};
pub use invite::{INVITE_LIFETIME_MAX_S, INVITE_USES_MAX, Invite, InviteId, Role};
pub use key::{Jwk, Key, KeyError};
pub use keys::{Jwks, Keys, KeysError};
pub use offer::{Permitted, permitted};
pub use store::{KeyStore, Reload};
pub use verify::{MintError, TokenError, mint, verify};
