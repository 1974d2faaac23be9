//! The router: every route, in one place, testable without a socket.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, patch, post};
use axum::{Extension, Router};
use sfu_core::limits::SDP_BYTES_MAX;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::api::{cors, health, join, metrics as scrape, problem, resource, v1, web};
use crate::auth::{Auth, Book};
use crate::config::Config;
use crate::control::Control;
use crate::directory::Kind;
use crate::media::announce;
use crate::metrics::Metrics;
use crate::rates::Meter;
use crate::series::History;
use crate::signal::room::Terms;
use crate::signal::{Admission, Rooms, upgrade, wire};

/// How long a request may take, its body's arrival included; answers take milliseconds.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// What handlers need.
#[derive(Debug, Clone)]
pub struct AppState {
    pub control: Arc<Control>,
    pub rooms: Arc<Rooms>,
    pub admission: Arc<Admission>,
    pub metrics: Arc<Metrics>,
    pub settings: Arc<Settings>,
    /// Who may come in.
    pub auth: Auth,
    /// What became of invites.
    pub invites: Arc<Book>,
    /// Of media, for whoever asks.
    pub meter: Arc<Meter>,
    /// What was sent to whom.
    pub history: Arc<History>,
}

/// The part of the configuration that handlers need.
#[derive(Debug)]
pub struct Settings {
    pub announce: Vec<IpAddr>,
    pub cors: Vec<crate::config::CorsOrigin>,
    pub ice_servers: Vec<crate::config::IceServer>,
    pub admin_token: Option<crate::config::AdminToken>,
    pub admin_local: bool,
}

impl AppState {
    pub fn new(control: Arc<Control>, config: &Config, auth: Auth, invites: Book) -> Self {
        let settings = Settings {
            announce: config.announce.clone(),
            cors: config.cors_allow_origin.clone(),
            ice_servers: config.ice_server.clone(),
            admin_token: config.admin_token.clone(),
            admin_local: config.admin_local,
        };
        let metrics = Arc::new(Metrics::new());
        let ice_server = |server: &crate::config::IceServer| {
            let (username, credential) = server.credential.clone().unzip();
            wire::IceServer { urls: server.uri.clone(), username, credential }
        };
        let terms = Terms {
            resume: Duration::from_secs(config.resume_seconds.into()),
            ping_interval: Duration::from_secs(config.ping_interval_seconds.into()),
            ice_servers: config.ice_server.iter().map(ice_server).collect(),
            access: auth.access(),
        };
        let rooms = Rooms::new(Arc::clone(&control), Arc::clone(&metrics), terms);
        let admission = Arc::new(Admission::new(Arc::clone(&metrics), config.sockets_per_address));
        Self {
            control,
            rooms,
            admission,
            metrics,
            settings: Arc::new(settings),
            auth,
            invites: Arc::new(invites),
            meter: Arc::default(),
            history: Arc::default(),
        }
    }
}

impl Settings {
    /// Addresses that a client is told to send media to.
    pub fn candidates(&self, sockets: &[SocketAddr], peer: Option<IpAddr>) -> Vec<SocketAddr> {
        let interfaces = if self.announce.is_empty() { announce::interface_addresses() } else { Vec::new() };
        announce::candidates(sockets, &self.announce, &interfaces, peer)
    }
}

/// Every route. A handler reads the HTTP peer's address from `ConnectInfo`, where there is one.
pub fn app(state: AppState) -> Router {
    Router::new()
        .merge(protocol(Kind::Whip, &state))
        .merge(protocol(Kind::Whep, &state))
        .merge(v1::router(&state))
        .route("/rooms/{room}/ws", get(upgrade::upgrade))
        .route("/rooms/{room}", get(web::app))
        .route("/i", get(web::app))
        .route("/rooms/{room}/", get(web::app))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(scrape::metrics))
        .fallback_service(get(web::asset).fallback(problem::method_not_allowed))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_MAX))
        .layer(from_fn(problem::complete))
        .layer(from_fn_with_state(state.clone(), scrape::count))
        .with_state(state)
}

fn protocol(kind: Kind, state: &AppState) -> Router<AppState> {
    let path = kind.path();
    Router::new()
        .route(&format!("/{path}/{{room}}"), post(join::join))
        .route(&format!("/{path}/{{room}}/{{resource}}"), patch(resource::patch).delete(resource::delete))
        .layer(Extension(kind))
        .layer(DefaultBodyLimit::max(SDP_BYTES_MAX))
        .layer(cors::layer(&state.settings.cors))
        .layer(from_fn(cors::describe))
}
