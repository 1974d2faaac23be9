//! Who may use the operator's API: whoever knows `admin_token`; while there is none, nobody, or with `admin_local` whoever asks
//! from this machine itself. Pages of other sites never may, whatever browser they run in.
//!
//! Where the address alone is the proof (`admin_local`), two things could lend it to others. A page whose name is pointed at
//! 127.0.0.1 (DNS rebinding) asks from the browser next door, under that name, and is refused by it. A proxy on this machine asks
//! from loopback for the whole world: what names a client behind it is refused, but a proxy need not, and the `Host` that it leaves
//! as it is is a stranger's to choose. One that passes bytes on (a tunnel) cannot be told at all. So it is not the default.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::api::origin::Origin;
use crate::api::problem::{Problem, ProblemType};
use crate::app::AppState;
use crate::auth::came_through_proxy;
use crate::config::AdminToken;

/// Where the page that asks stands to us (Fetch metadata); `none`: a person did it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Middleware: refuses whoever may not.
pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, Problem> {
    same_site(request.headers())?;
    match &state.settings.admin_token {
        Some(token) => bearer(request.headers(), token)?,
        None if state.settings.admin_local => local(&request)?,
        None => return Err(no_way_in()),
    }
    let mut response = next.run(request).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let is_foreign = Origin::of(headers).is_some_and(|origin| !origin.is_own);
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if is_foreign || site.is_some_and(|site| !matches!(site, b"same-origin" | b"none")) {
        let detail = "pages of other sites may not use the operator's API; cors_allow_origin does not concern it";
        return Err(Problem::new(StatusCode::FORBIDDEN, ProblemType::OriginRefused, detail));
    }
    Ok(())
}

/// RFC 6750 §2.1.
fn bearer(headers: &HeaderMap, token: &AdminToken) -> Result<(), Problem> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let detail = match given {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("bearer") => {
            if token.is(given.trim()) {
                return Ok(());
            }
            "this is not the administrator's token; the operator has it in admin_token"
        }
        _ => "send the administrator's token, which the operator has in admin_token, as Authorization: Bearer TOKEN",
    };
    Err(Problem::new(StatusCode::UNAUTHORIZED, ProblemType::NotAdministrator, detail)
        .with_header(WWW_AUTHENTICATE, "Bearer realm=\"sfu\""))
}

fn no_way_in() -> Problem {
    let detail = "the operator's API is closed: set admin_token and send it, or admin_local if no proxy runs on the server's machine";
    Problem::new(StatusCode::FORBIDDEN, ProblemType::NotAdministrator, detail)
}

fn local(request: &Request) -> Result<(), Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let detail = if !peer.is_some_and(|peer| peer.is_loopback()) {
        "while no admin_token is set, the operator's API is for this machine itself; set one to use it from elsewhere"
    } else if came_through_proxy(request.headers()) {
        "this came through a proxy, which asks for others; set an admin_token to use the operator's API through it"
    } else if !is_asked_as_this_machine(request) {
        "while no admin_token is set, ask 127.0.0.1, [::1] or localhost: another name may be pointed here by anybody"
    } else {
        return Ok(());
    };
    Err(Problem::new(StatusCode::FORBIDDEN, ProblemType::NotAdministrator, detail))
}

/// By address or as localhost, which no name service can point here.
fn is_asked_as_this_machine(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = Authority::try_from(host.as_bytes());
    // An address in full goes before the header (RFC 9112 §3.2.2).
    let authorities = host.as_ref().ok().into_iter().chain(request.uri().authority());
    host.is_ok() && authorities.into_iter().all(|authority| is_own_name(authority.host()))
}

fn is_own_name(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
}
