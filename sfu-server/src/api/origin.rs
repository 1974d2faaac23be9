//! Which page a request comes from, where it comes from one (RFC 6454 §7; Fetch standard).

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// What a browser says of the page that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// In lower case.
    pub text: String,
    /// The page came from the address that it asks.
    pub is_own: bool,
}

impl Origin {
    /// `None`: what sends no origin is no page, or asks for nothing but to look at its own server.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(ORIGIN)?.to_str().unwrap_or("").to_ascii_lowercase();
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("").to_ascii_lowercase();
        let is_own = text.split_once("://").is_some_and(|(scheme, authority)| {
            let default_port = if scheme == "https" { ":443" } else { ":80" };
            let bare = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_owned();
            matches!(scheme, "http" | "https") && !authority.is_empty() && bare(authority) == bare(&host)
        });
        Some(Self { text, is_own })
    }
}
