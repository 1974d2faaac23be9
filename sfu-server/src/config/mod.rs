//! What the operator decides, from defaults, file, environment and flags, the later winning. Control path, before anything runs.
//! Invariant: a `Config` exists only if every key was known and every value well formed.

mod error;
mod layer;
mod option;
mod report;
mod value;

pub use error::{ConfigError, Hint};
pub use layer::{Layers, Origin};
pub use option::{OPTIONS, Shape, Spec, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE};
pub use report::report;
pub use value::{AdminToken, IceServer, LogFormat, Origin as CorsOrigin};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::media::announce;
use crate::tls::Files;

/// Every setting of the server, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where HTTP is served.
    pub http_addr: SocketAddr,
    /// Where HTTPS is, and by what certificate.
    pub https: Option<Https>,
    /// Addresses that media sockets bind; empty: 0.0.0.0, and [::] where IPv6 exists.
    pub media_addr: Vec<IpAddr>,
    /// Port of the first shard, the next one's is one higher; 0: any free port for each.
    pub media_port: u16,
    /// Whether media is served over TCP too, under the same port numbers.
    pub tcp: bool,
    /// Addresses in candidates; empty: those of the interfaces.
    pub announce: Vec<IpAddr>,
    /// Media threads, at least one.
    pub shards: u16,
    /// How busy a room's media thread is when others are used for the room as well, percent; 100: never.
    pub spread_percent: u8,
    /// Origins whose pages may use the API.
    pub cors_allow_origin: Vec<CorsOrigin>,
    /// ICE servers told to clients in `Link` headers (RFC 9725 §4.4).
    pub ice_server: Vec<IceServer>,
    /// How long a participant whose socket is gone may come back, s.
    pub resume_seconds: u16,
    /// Time between the pings of a socket, s; after two without an answer it is gone.
    pub ping_interval_seconds: u16,
    /// WebSockets that one address may have open.
    pub sockets_per_address: usize,
    /// What lets its bearer use the operator's API.
    pub admin_token: Option<AdminToken>,
    /// Whether who asks from this machine needs no token; without effect where there is one.
    pub admin_local: bool,
    /// File of the keys that tokens are signed by; `None`: nobody is asked for one.
    pub auth_keys: Option<PathBuf>,
    /// What a token's `aud` must be.
    pub auth_audience: String,
    /// Folder for what a restart must not forget; `None`: it does.
    pub state_dir: Option<PathBuf>,
    /// Whether everybody may come into every room, wherever HTTP is served.
    pub insecure_no_auth: bool,
    /// Filter directives of the log.
    pub log: String,
    pub log_format: LogFormat,
}

/// HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    pub address: SocketAddr,
    /// Under which clients reach it; 0: its own.
    pub public_port: u16,
    /// `None`: one that the server signs itself.
    pub files: Option<Files>,
}

/// Where HTTPS is served on a network without names, if nothing else is said: what phones reach, on a port that needs no privilege.
const LAN_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8_443);

impl Config {
    /// Checks what the layers say; the first fault is named with the place it came from.
    pub fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let config = Self {
            http_addr: layers.one("http_addr", value::socket_addr)?,
            https: https(layers)?,
            media_addr: layers.many("media_addr", value::ip_addr)?,
            media_port: layers.one("media_port", value::port)?,
            tcp: layers.one("tcp", value::switch)?,
            announce: layers.many("announce", value::announced)?,
            shards: layers.one("shards", value::shards)?,
            spread_percent: layers.one("spread_percent", value::percent)?,
            cors_allow_origin: layers.many("cors_allow_origin", value::origin)?,
            ice_server: layers.many("ice_server", value::ice_server)?,
            resume_seconds: layers.one("resume_seconds", value::resume_seconds)?,
            ping_interval_seconds: layers.one("ping_interval_seconds", value::ping_interval_seconds)?,
            sockets_per_address: layers.one("sockets_per_address", value::sockets_per_address)?,
            admin_token: layers.one("admin_token", value::admin_token)?,
            admin_local: layers.one("admin_local", value::switch)?,
            auth_keys: layers.one("auth_keys", value::path)?,
            auth_audience: layers.one("auth_audience", value::audience)?,
            state_dir: layers.one("state_dir", value::path)?,
            insecure_no_auth: layers.one("insecure_no_auth", value::switch)?,
            log: layers.one("log", value::log_filter)?,
            log_format: layers.one("log_format", value::log_format)?,
        };
        config.check_openness(layers)?;
        let last_port = u32::from(config.media_port) + u32::from(config.shards) - 1;
        if config.media_port != 0 && last_port > u32::from(u16::MAX) {
            return Err(ConfigError::PortsRunOut { first: config.media_port, shards: config.shards });
        }
        match announce::unserved(&config.media_addr, &config.announce) {
            // Without media_addr both families are bound, where the machine has both.
            Some(announced) if !config.media_addr.is_empty() => Err(ConfigError::AnnouncedWithoutSocket {
                origin: layers.origin("announce"),
                media_origin: layers.origin("media_addr"),
                announced,
            }),
            Some(_) | None => Ok(config),
        }
    }

    /// Without keys the server is for its own machine, unless it is said by name that it is for everybody.
    fn check_openness(&self, layers: &Layers) -> Result<(), ConfigError> {
        let is_for_others = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
        let https = self.https.as_ref().map(|https| https.address).filter(is_for_others).map(|address| {
            let key = if self.https.as_ref().is_some_and(|https| https.files.is_none()) { "lan" } else { "https_addr" };
            (key, address)
        });
        if let Some(https) = self.https.as_ref().filter(|https| !is_for_others(&https.address))
            && is_for_others(&self.http_addr)
        {
            return Err(ConfigError::SentToNobody { origin: layers.origin("https_addr"), address: https.address });
        }
        let http = Some(self.http_addr).filter(is_for_others).map(|address| ("http_addr", address));
        match (&self.auth_keys, self.insecure_no_auth, http.or(https)) {
            (Some(_), true, _) => Err(ConfigError::KeysAndNone { origin: layers.origin("insecure_no_auth") }),
            (None, false, Some((key, address))) => {
                Err(ConfigError::OpenToOthers { origin: layers.origin(key), key, address })
            }
            (Some(_), false, _) | (None, ..) => Ok(()),
        }
    }
}

/// What the options of HTTPS come to together.
fn https(layers: &Layers) -> Result<Option<Https>, ConfigError> {
    let address = layers.one("https_addr", value::maybe_socket_addr)?;
    let (chain, key) = (layers.one("tls_cert", value::path)?, layers.one("tls_key", value::path)?);
    let lan = layers.one("lan", value::switch)?;
    let files = match (chain, key) {
        (Some(chain), Some(key)) => Some(Files { chain, key }),
        (None, None) => None,
        (Some(_), None) => {
            return Err(ConfigError::HalfCertificate { origin: layers.origin("tls_cert"), other: "tls_key" });
        }
        (None, Some(_)) => {
            return Err(ConfigError::HalfCertificate { origin: layers.origin("tls_key"), other: "tls_cert" });
        }
    };
    let public_port = layers.one("https_public_port", value::port)?;
    match (address, files, lan) {
        (None, None, false) => Ok(None),
        (address, None, true) => Ok(Some(Https { address: address.unwrap_or(LAN_ADDRESS), public_port, files: None })),
        (Some(address), Some(files), false) => Ok(Some(Https { address, public_port, files: Some(files) })),
        (Some(_), None, false) => Err(ConfigError::NoCertificate { origin: layers.origin("https_addr") }),
        (None, Some(_), false) => Err(ConfigError::UnusedCertificate { origin: layers.origin("tls_cert") }),
        (_, Some(_), true) => Err(ConfigError::TwoCertificates { origin: layers.origin("lan") }),
    }
}
