//! HTTP to HTTPS: browsers give a page that comes in the clear no camera, and what they send is read by whoever is on the way.
//! This machine itself is answered: a proxy in front, a scraper, `sfu-server rooms`.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, LOCATION, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;

use super::problem::{Problem, ProblemType};

/// The port that URLs of HTTPS need not name.
const HTTPS_PORT: u16 = 443;

/// What tells nobody anything that must not be read on the way, and is asked by probes that follow nowhere.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The same routes for this machine, and for all others the way to HTTPS, on the host that they asked for: pages are sent there, and
/// what may bear a secret is refused, so that whoever sends it in the clear hears of it.
pub fn to_https(app: Router, port: u16) -> Router {
    app.layer(from_fn(move |request: Request, next: Next| async move {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let is_near = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
        if is_near || PROBES.contains(&request.uri().path()) {
            return next.run(request).await;
        }
        match secure_url(&request, port) {
            Some(url) if is_of_a_page(&request) => {
                // Not for ever, and not from memory: where HTTPS is may be changed.
                (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, url), (CACHE_CONTROL, NO_STORE)]).into_response()
            }
            url => refused(url.as_ref().and_then(|url| url.to_str().ok())).into_response(),
        }
    }))
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Whether a browser may ask so for a page, or for what belongs to one.
fn is_of_a_page(request: &Request) -> bool {
    let headers = request.headers();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !headers.contains_key(AUTHORIZATION)
        && !headers.contains_key(UPGRADE)
}

fn secure_url(request: &Request, port: u16) -> Option<HeaderValue> {
    let host = request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let port = if port == HTTPS_PORT { String::new() } else { format!(":{port}") };
    HeaderValue::try_from(format!("https://{}{port}{path}", host.host())).ok()
}

fn refused(url: Option<&str>) -> Problem {
    let detail = match url {
        Some(url) => format!(
            "other machines are served by HTTPS: ask {url}; if this request bore a token, whoever is on the way may have read it"
        ),
        None => "other machines are served by HTTPS, and the request names no host to send it to".to_owned(),
    };
    Problem::new(StatusCode::FORBIDDEN, ProblemType::Blank, detail)
}
