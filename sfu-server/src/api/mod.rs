//! What HTTP clients see: WHIP, WHEP, the operator's API, health, metrics and the web pages. Everything is checked here, at the edge; errors are
//! problem documents (RFC 9457).

pub mod cors;
pub mod health;
pub mod join;
pub mod metrics;
pub mod origin;
pub mod problem;
pub mod query;
pub mod redirect;
pub mod resource;
pub mod v1;
pub mod web;

/// Media type of offers and answers (RFC 8866 §8.2.1).
pub const SDP: &str = "application/sdp";
/// Media type of trickled candidates and ICE restarts (RFC 8840 §9).
pub const SDP_FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Whether a `Content-Type` is `wanted`, whatever its parameters (RFC 9110 §8.3.1).
fn is_media_type(headers: &axum::http::HeaderMap, wanted: &str) -> bool {
    let value = headers.get(axum::http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted)
}
