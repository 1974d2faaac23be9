//! The web pages, embedded in the binary from `web/dist`; a page that says how to build them where they were absent.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::{Problem, ProblemType};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
#[exclude = "*.map"]
struct Pages;

/// Pages load nothing from elsewhere and are framed by nobody; media comes from the camera and peer connections.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";
/// What a page may ask the browser for.
const PERMISSIONS: &str =
    "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self)";
/// The bundler puts a hash of the content into these files' names.
const HASHED_FOLDER: &str = "assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";
/// The bundler puts a file's compressed form beside it, under its name and this.
const COMPRESSED: &str = ".gz";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>SFU</title>\
    <h1>The web pages are not in this binary</h1>\
    <p>Build them, then the server again: <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>, or <code>make run</code> does both.</p>\
    <p>WHIP and WHEP work without them: <code>POST /whip/{room}</code>, <code>POST /whep/{room}</code>.</p></html>\n";

/// The file of this path, `index.html` for a folder; compressed where the client takes that.
pub async fn asset(request: Request) -> Result<Response, Problem> {
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let beside = format!("{path}.html");
    let found = [path.as_str(), beside.as_str()].into_iter().find_map(|name| Some((name, Pages::get(name)?)));
    match found.filter(|(name, _)| !name.ends_with(COMPRESSED)) {
        Some((name, file)) => Ok(respond(name, file, request.headers())),
        None if path == "index.html" => {
            Ok((StatusCode::NOT_FOUND, security(request.headers()), Html(NOT_BUILT)).into_response())
        }
        None => {
            let detail = "there is nothing under this path; the room page is at /";
            Err(Problem::new(StatusCode::NOT_FOUND, ProblemType::Blank, detail))
        }
    }
}

/// The room page, whatever the room is called: that a name cannot be used is for the page to say.
pub async fn app(request: Request) -> Response {
    match Pages::get("index.html") {
        Some(file) => respond("index.html", file, request.headers()),
        None => (StatusCode::NOT_FOUND, security(request.headers()), Html(NOT_BUILT)).into_response(),
    }
}

fn respond(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let compressed = Pages::get(&format!("{name}{COMPRESSED}"));
    let varies = compressed.is_some();
    let compressed = compressed.filter(|_| takes_gzip(asked));
    let is_compressed = compressed.is_some();
    let mime = file.metadata.mimetype().to_owned();
    let sent = compressed.unwrap_or(file);
    // Of what is sent: the two forms of a file are told apart (RFC 9110 §8.8.3.3).
    let etag = format!("\"{}\"", hex(&sent.metadata.sha256_hash()));
    let mut headers = security(asked);
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(CACHE_CONTROL, if name.starts_with(HASHED_FOLDER) { FOREVER } else { ASK_AGAIN });
    insert(ETAG, &etag);
    if varies {
        insert(VARY, "accept-encoding");
    }
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if is_compressed {
        insert(CONTENT_ENCODING, "gzip");
    }
    let charset = if mime.starts_with("text/") { "; charset=utf-8" } else { "" };
    insert(CONTENT_TYPE, &format!("{mime}{charset}"));
    (headers, sent.data).into_response()
}

/// Whether the client takes gzip (RFC 9110 §12.5.3): by name, else by `*`, and not with a weight of 0.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let accepted = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut by_star = false;
    for coding in accepted.flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().trim_start_matches(['q', 'Q', '=']).parse::<f32>();
        let is_taken = weight.is_ok_and(|weight| weight > 0.0);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return is_taken,
            "*" => by_star = is_taken,
            _ => {}
        }
    }
    by_star
}

/// Safari does not take a WebSocket to the page's own address for `'self'`, so that address is named.
fn policy(asked: &HeaderMap) -> HeaderValue {
    let host = asked.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    let own = if plain { format!("{POLICY} ws://{host} wss://{host}") } else { POLICY.to_owned() };
    HeaderValue::from_str(&own).unwrap_or(HeaderValue::from_static(POLICY))
}

fn security(asked: &HeaderMap) -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_SECURITY_POLICY, policy(asked)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
