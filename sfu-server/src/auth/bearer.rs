//! What a request's head says of who asks.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, FORWARDED, HOST, VIA};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};

/// What a proxy adds.
const OF_PROXIES: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// The token of `Authorization: Bearer` (RFC 6750 §2.1). With two such headers there is none: which is meant cannot be told.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a proxy says that it asks for somebody else. One need not say so.
pub fn came_through_proxy(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(name))
}

/// Whether this machine is asked for by an address of its own loopback or as localhost, neither of which a name service can point here
/// (RFC 6761 §6.3). Any other name may be a stranger's, any other address that of a proxy's machine.
pub fn is_asked_as_this_machine(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next().map(|host| Authority::try_from(host.as_bytes())), hosts.next()) {
        (Some(Ok(host)), None) => Some(host),
        // HTTP/2 says it in the request's address alone (RFC 9113 §8.3.1).
        (None, None) => None,
        (Some(_), _) | (None, Some(_)) => return false,
    };
    // An address in full goes before the header (RFC 9112 §3.2.2).
    let mut authorities = host.as_ref().into_iter().chain(uri.authority()).peekable();
    authorities.peek().is_some() && authorities.all(|authority| is_loopback(authority.host()))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_address = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    let (_, last) = host.rsplit_once('.').unwrap_or(("", host));
    is_address || last.eq_ignore_ascii_case("localhost")
}
