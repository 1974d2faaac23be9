//! Every limit of signalling, with the reason for its size; what it sheds is counted in `metrics`.

use std::time::Duration;

use sfu_core::limits::{SDP_BYTES_MAX, SDP_LINES_MAX};

/// How long a socket may take to say `join`. A page says it at once; a bad link needs a few repeats.
pub const JOIN_MAX: Duration = Duration::from_secs(10);
/// Largest frame accepted, bytes: the largest session description, whose line ends take two bytes more each in JSON, and
/// 16 KiB for what stands around it.
pub const FRAME_BYTES_MAX: usize = SDP_BYTES_MAX + 2 * SDP_LINES_MAX + 16 * 1024;

/// What a socket's own buffer holds from the beginning on, bytes: all but descriptions fit. The library's 128 KiB would be the most
/// that a socket which says nothing costs.
pub const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Longest name that others see, bytes. Forty letters of any script; more does not fit a tile.
pub const NAME_BYTES_MAX: usize = 128;
/// Entries of a participant's metadata; everybody is sent everybody's.
pub const METADATA_ENTRIES_MAX: usize = 8;
/// All keys and values together, bytes: they are told again with every change of their owner.
pub const METADATA_BYTES_MAX: usize = 2 * 1024;
/// Longest key, bytes.
pub const METADATA_KEY_BYTES_MAX: usize = 64;
/// Longest value, bytes: a picture's address fits, the picture does not.
pub const METADATA_VALUE_BYTES_MAX: usize = 1_024;
/// Longest chat message, bytes. A page of text.
pub const CHAT_BYTES_MAX: usize = 4 * 1024;
/// Messages of a room's chat kept for those who come later: below 1 MiB with names, and as JSON below twice that, since no
/// character that may be said takes more than two bytes for each of its own.
pub const CHAT_KEPT_MAX: usize = 200;
/// Longest mid, bytes. Browsers use numbers; RFC 8843 sets no bound.
pub const MID_BYTES_MAX: usize = 64;
/// Longest resume token looked at, bytes; ours are below 60.
pub const TOKEN_BYTES_MAX: usize = 128;
/// Most characters of an error's explanation: what a client wrote wrong may be long.
pub const EXPLANATION_CHARS_MAX: usize = 300;

/// Participants of one room; each change is told to each of them.
pub const PARTICIPANTS_PER_ROOM_MAX: usize = 1_000;
/// Participants of this process, absent ones among them; a few KiB each.
pub const PARTICIPANTS_MAX: usize = 20_000;
/// Sockets of this process: one for each of its participants, and some that have not joined. A descriptor and two tasks each.
pub const SOCKETS_MAX: usize = 20_000;

/// Tokens that a socket's bucket gains in a second. A page that is resized sends a few layouts a second.
pub const TOKENS_PER_SECOND: f64 = 20.0;
/// Tokens that the bucket holds: what a page says in one burst when it joins or comes back.
pub const TOKENS_MAX: f64 = 100.0;
/// Tokens that an offer costs: it takes about a millisecond of a media thread.
pub const OFFER_TOKENS: f64 = 8.0;
/// Tokens that a chat message costs: it goes to everybody and is kept. A long one costs as much again for each of these bytes.
pub const CHAT_TOKENS: f64 = 4.0;
/// See [`CHAT_TOKENS`]: two of the longest a second and a half, 5 of one line a second.
pub const CHAT_BYTES_PER_COST: usize = 2 * 1024;
/// Tokens that muting costs: a media thread works for it, and everybody is told, though no oftener than `CHANGE_INTERVAL`.
pub const MUTE_TOKENS: f64 = 2.0;
/// Tokens that any other frame costs.
pub const FRAME_TOKENS: f64 = 1.0;

/// Shortest time between two messages to everybody about one participant: with the largest metadata about 10 KiB/s to each.
/// Nobody sees a picture muted and shown again within it.
pub const CHANGE_INTERVAL: Duration = Duration::from_millis(200);
/// How long somebody without media may be away from the last frame on: nothing but the socket could tell that its owner lives.
/// Above the 10 s after which unanswered pings end a socket (by default), below the 12 s within which a dead machine is gone.
pub const NO_MEDIA_RESUME: Duration = Duration::from_secs(11);

/// Messages that may wait for one socket: half a minute of a lively room.
pub const OUTBOX_MESSAGES_MAX: usize = 1_024;
/// Bytes that may wait for one socket: `joined` of a full room whose participants have 1 KiB of roster each, and three times as
/// much. A still larger `joined` is let through, since it finds the outbox empty.
pub const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the last messages of a socket may take to leave.
pub const CLOSE_MAX: Duration = Duration::from_secs(2);
