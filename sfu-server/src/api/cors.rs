//! Which other sites' pages may use WHIP and WHEP (Fetch standard, CORS), and what `OPTIONS` says (RFC 9725 §4.1).

use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LINK, LOCATION};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::join::{ACCEPT_PATCH, ACCEPT_POST};
use super::{SDP, SDP_FRAGMENT};
use crate::config::CorsOrigin;

/// How long browsers may remember a preflight; a withdrawn origin is out after it.
const PREFLIGHT_REMEMBERED: Duration = Duration::from_secs(600);

/// Answers preflights and marks responses, by the allow-list.
pub fn layer(origins: &[CorsOrigin]) -> CorsLayer {
    let listed = origins.iter().filter_map(|origin| match origin {
        CorsOrigin::Any => None,
        CorsOrigin::Exactly(origin) => HeaderValue::from_str(origin).ok(),
    });
    let allowed = if origins.contains(&CorsOrigin::Any) { AllowOrigin::any() } else { AllowOrigin::list(listed) };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST, Method::PATCH, Method::DELETE, Method::OPTIONS])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH])
        .expose_headers([LOCATION, ETAG, LINK, ACCEPT_PATCH])
        .max_age(PREFLIGHT_REMEMBERED)
}

/// Middleware: lets `OPTIONS` say which methods and media types a URL takes.
pub async fn describe(request: Request, next: Next) -> Response {
    let is_options = request.method() == Method::OPTIONS;
    let is_resource = request.uri().path().split('/').filter(|segment| !segment.is_empty()).count() > 2;
    let mut response = next.run(request).await;
    if is_options {
        let headers = response.headers_mut();
        if is_resource {
            headers.insert(ALLOW, HeaderValue::from_static("PATCH, DELETE, OPTIONS"));
            headers.insert(ACCEPT_PATCH, HeaderValue::from_static(SDP_FRAGMENT));
        } else {
            headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
            headers.insert(ACCEPT_POST, HeaderValue::from_static(SDP));
        }
    }
    response
}
