//! HTTP to HTTPS: browsers give a page that comes in the clear no camera, and what they send is read by whoever is on the way.
//! This machine itself is answered: a proxy in front, a scraper, `sfu-server rooms`.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{HOST, LOCATION};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::problem::{Problem, ProblemType};

/// The port that URLs of HTTPS need not name.
const HTTPS_PORT: u16 = 443;

/// What tells nobody anything that must not be read on the way, and is asked by probes that follow nowhere.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The same routes for this machine, and for all others the way to HTTPS, on the host that they asked for.
pub fn to_https(app: Router, port: u16) -> Router {
    app.layer(from_fn(move |request: Request, next: Next| async move {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let is_near = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
        if is_near || PROBES.contains(&request.uri().path()) {
            next.run(request).await
        } else {
            redirect(&request, port)
        }
    }))
}

fn redirect(request: &Request, port: u16) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = host.and_then(|host| {
        let port = if port == HTTPS_PORT { String::new() } else { format!(":{port}") };
        HeaderValue::try_from(format!("https://{}{port}{path}", host.host())).ok()
    });
    match location {
        // 308 keeps a POST a POST (RFC 9110 §15.4.9).
        Some(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        None => Problem::new(
            StatusCode::BAD_REQUEST,
            ProblemType::Blank,
            "other machines are served by HTTPS, and the request names no host to send it to",
        )
        .into_response(),
    }
}
