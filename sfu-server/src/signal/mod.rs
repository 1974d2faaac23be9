//! Signalling of rooms: one WebSocket per participant at `GET /rooms/{room}/ws`, one JSON object per text frame. Every message
//! is a variant of [`wire::Request`] (with an `id`) or of [`wire::ServerMessage`].
//!
//! # An exchange
//!
//! ```text
//! → {"id":1,"type":"join","version":1,"name":"Ann"}
//! ← {"type":"joined","id":1,"version":1,"room":"demo","participant":"r-k3m9x2pq","resume":"1.6f…","resumeSeconds":20,
//!    "media":false,"resumed":false,"pingIntervalMs":5000,"iceServers":[],"participants":[{"identity":"r-k3m9x2pq",…}],
//!    "chat":[],"speakers":{"dominant":null,"speaking":[]},"slots":[]}
//! → {"id":2,"type":"offer","sdp":"v=0…","tracks":[{"mid":"0","source":"microphone"},{"mid":"1","source":"camera"}]}
//! ← {"type":"answer","id":2,"sdp":"v=0…"}
//! ← {"type":"participant_changed","participant":{"identity":"r-k3m9x2pq","tracks":[{"id":"0@r-k3m9x2pq",…},…],…}}
//! ← {"type":"participant_joined","participant":{"identity":"r-bob",…}}
//! → {"id":3,"type":"layout","slots":[{"mid":"3","track":"1@r-bob","height":360,"priority":1}]}
//! ← {"type":"ok","id":3}
//! ← {"type":"slots","slots":[{"mid":"3","kind":"video","track":"1@r-bob","state":"awaiting_keyframe","layer":null}]}
//! → {"id":4,"type":"layout","slots":[{"mid":"3","track":"1@r-bob","height":-1,"priority":1}]}
//! ← {"type":"error","id":4,"code":"invalid_field","message":"slots[0].height: invalid value: …","field":"slots[0].height"}
//! ```
//!
//! # Rules
//!
//! - The first request is `join`, within [`limits::JOIN_MAX`]; `ping` may come before it.
//! - A request is answered once, by a message with its `id`: `joined`, `answer`, `ok`, `pong` or `error`. A refused one
//!   changed nothing. Requests of one socket are carried out one after the other.
//! - `slots` tells what changed since the last; slots of an answer are told after it. `participant_changed` goes to everybody,
//!   the participant itself among them, if it is not as they were told, at most once in [`limits::CHANGE_INTERVAL`]. `speakers` goes over the data channel labelled `events` while one is open.
//! - `limit` tells what bounds all that a client is sent, while a slot's pictures would be better without, once a second at most.
//! - An answer's tracks are what the offer's `tracks` say they are; without that the audio is a microphone, the first video a
//!   camera and any further one a screen. A use whose section does not publish is left aside.
//! - The transport's end while the socket lives is told by `media_lost`: the next offer is of a new peer connection and says
//!   `fresh`. Silence on the media path is told by `restart_ice`: the next offer restarts ICE.
//!
//! # Absence
//!
//! A participant whose socket is gone is `unstable` to the others for `resumeSeconds`, while its media goes on. `join` with
//! `resume` brings it back; `joined` then tells the whole room anew, which is all that was missed. The token changes with each
//! `joined`; the one before stays good until something is said over the new socket, since that `joined` may have been lost.
//! A token that comes while its socket is still there takes over: the old socket hears `ended` `replaced`. Whoever has neither
//! socket nor media (its transport ended, or nothing authentic came for [`sfu_core::limits::SILENT_AFTER`]) is gone at once; and
//! whoever never had media, [`limits::NO_MEDIA_RESUME`] after the last frame.
//!
//! # Inside
//!
//! [`upgrade`] refuses what can be refused before there is a socket; `socket` turns frames into requests by [`request`];
//! `session` carries them out; [`room`] is the state, told the time, without I/O; [`Rooms`] holds every room and takes the
//! media plane's news to them; `outbox` bounds what waits for a slow reader. Limits are in [`limits`].

mod admission;
mod check;
mod comeback;
pub(crate) mod convert;
mod flood;
pub mod limits;
mod outbox;
mod refusal;
pub mod request;
pub mod room;
mod rooms;
mod session;
mod socket;
mod token;
pub mod upgrade;
pub mod wire;

pub use admission::{Admission, Permit};
pub use check::is_name;
pub use refusal::Refusal;
pub use rooms::{Reservation, Rooms, now};
