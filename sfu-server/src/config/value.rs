//! What each kind of value looks like; every function takes one written value and gives the checked one, or `None`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Whose pages may call the API (Fetch standard, CORS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Any,
    /// Scheme, host and port as a browser sends them.
    Exactly(String),
}

/// What lets its bearer use the operator's API (RFC 6750). Comparing takes the same time wherever two differ, and it is never
/// shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    /// Whether both are the same.
    pub fn is(&self, other: &str) -> bool {
        let [ours, theirs] = [&self.0, other].map(|token| digest(&SHA256, token.as_bytes()));
        verify_slices_are_equal(ours.as_ref(), theirs.as_ref()).is_ok()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(********)")
    }
}

/// A STUN or TURN server as told to clients (RFC 9725 §4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// RFC 7064 or RFC 7065 URI.
    pub uri: String,
    /// User name and password, for TURN.
    pub credential: Option<(String, String)>,
}

/// Most shards accepted; more than any machine has cores.
const SHARDS_MAX: u16 = 1024;
/// Shortest administrator's token: 96 bits, if it is random and in base 64.
const ADMIN_TOKEN_CHARS_MIN: usize = 16;
/// Longest administrator's token, so that a header holds it.
const ADMIN_TOKEN_CHARS_MAX: usize = 1_024;

/// Longest audience, so that tokens stay small.
const AUDIENCE_CHARS_MAX: usize = 255;

pub fn socket_addr(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// One that may be left out.
pub fn maybe_socket_addr(text: &str) -> Option<Option<SocketAddr>> {
    if text.is_empty() { Some(None) } else { socket_addr(text).map(Some) }
}

pub fn ip_addr(text: &str) -> Option<IpAddr> {
    text.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

pub fn announced(text: &str) -> Option<IpAddr> {
    ip_addr(text).filter(|address| !address.is_unspecified() && !address.is_multicast())
}

pub fn port(text: &str) -> Option<u16> {
    text.parse().ok()
}

pub fn switch(text: &str) -> Option<bool> {
    text.parse().ok()
}

pub fn shards(text: &str) -> Option<u16> {
    text.parse().ok().filter(|shards| (1..=SHARDS_MAX).contains(shards))
}

pub fn percent(text: &str) -> Option<u8> {
    text.parse().ok().filter(|percent| *percent <= 100)
}

pub fn resume_seconds(text: &str) -> Option<u16> {
    text.parse().ok().filter(|seconds| *seconds <= 300)
}

pub fn ping_interval_seconds(text: &str) -> Option<u16> {
    text.parse().ok().filter(|seconds| (1..=60).contains(seconds))
}

pub fn sockets_per_address(text: &str) -> Option<usize> {
    text.parse().ok().filter(|sockets| *sockets > 0)
}

/// Empty: there is none. What a bearer token is made of: RFC 6750 §2.1.
pub fn admin_token(text: &str) -> Option<Option<AdminToken>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_long = (ADMIN_TOKEN_CHARS_MIN..=ADMIN_TOKEN_CHARS_MAX).contains(&text.len());
    let body = text.trim_end_matches('=');
    let well_formed = body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b));
    (is_long && well_formed && !body.is_empty()).then(|| Some(AdminToken(text.to_owned())))
}

/// Empty: there is none.
pub fn path(text: &str) -> Option<Option<PathBuf>> {
    Some((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// One text, as a token repeats it.
pub fn audience(text: &str) -> Option<String> {
    let fits = (1..=AUDIENCE_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

pub fn origin(text: &str) -> Option<Origin> {
    if text == "*" {
        return Some(Origin::Any);
    }
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let well_formed =
        !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_graphic() && !b"/?#,@".contains(&b));
    well_formed.then(|| Origin::Exactly(text.to_ascii_lowercase()))
}

pub fn ice_server(text: &str) -> Option<IceServer> {
    // These characters end or quote a Link header's target (RFC 8288 §3).
    if text.chars().any(|c| !(c.is_ascii_graphic() || c == ' ') || "<>\"\\".contains(c)) {
        return None;
    }
    let mut words = text.split_ascii_whitespace();
    let uri = words.next()?;
    let is_turn = match uri.split_once(':')? {
        (_, "") => return None,
        ("stun" | "stuns", _) => false,
        ("turn" | "turns", _) => true,
        _ => return None,
    };
    let credential = match (words.next(), words.next(), words.next()) {
        (None, ..) if !is_turn => None,
        (Some(username), Some(credential), None) if is_turn => Some((username.to_owned(), credential.to_owned())),
        _ => return None,
    };
    Some(IceServer { uri: uri.to_owned(), credential })
}

pub fn log_filter(text: &str) -> Option<String> {
    tracing_subscriber::EnvFilter::try_new(text).ok().filter(|_| !text.trim().is_empty()).map(|_| text.to_owned())
}

pub fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
