//! Every limit of tokens and keys, with the reason for its size.

use std::time::Duration;

/// Longest token looked at, bytes: ours have some 400, and a header of 4 KiB goes through every proxy.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;
/// Longest time from `nbf` to `exp`, s: what leaks is worth nothing tomorrow.
pub const LIFETIME_MAX_S: u64 = 24 * 60 * 60;
/// How far the clock of who signs may be ahead of ours, s: machines that keep their time by NTP are closer by far.
pub const CLOCK_AHEAD_MAX_S: u64 = 10;
/// Keys in force at a time: one that signs, those that it takes the place of, one for each of a few services.
pub const KEYS_MAX: usize = 32;
/// Largest file of keys, bytes; a key takes below 300.
pub const KEYS_FILE_BYTES_MAX: u64 = 64 * 1024;
/// Longest name of a key, bytes.
pub const KEY_ID_BYTES_MAX: usize = 64;
/// Shortest secret of HS256, bytes (RFC 7518 §3.2): as long as the hash.
pub const SECRET_BYTES_MIN: usize = 32;
/// Longest secret of HS256, bytes: beyond its block of 64 HMAC hashes it first, so that more is no gain.
pub const SECRET_BYTES_MAX: usize = 128;
/// How often the file of keys is looked at, beside SIGHUP.
pub const KEYS_LOOK_INTERVAL: Duration = Duration::from_secs(2);
