//! The sockets that pages and the API are served on: HTTP, and beside it HTTPS, to which other machines are sent then.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use crate::api::redirect;
use crate::config::{Config, Https};
use crate::http::{self, Limits, Security};
use crate::media::announce;
use crate::metrics::Metrics;
use crate::tls::{self, Certificates, TlsError};

/// How often the certificate's files are looked at, beside each SIGHUP: certificates are renewed weeks before they end.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Why nothing can be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{what} {address} cannot be bound: {source}; {}", cure(source, option))]
    Bind { what: &'static str, option: &'static str, address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Certificate(#[from] TlsError),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

fn cure(error: &io::Error, option: &str) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!(
                "ports below 1024 need CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start; or choose another {option}"
            )
        }
        _ => format!("choose another {option} or stop what uses it"),
    }
}

/// Bound sockets.
#[allow(missing_debug_implementations, reason = "an acceptor has none")]
pub struct Listeners {
    http: TcpListener,
    https: Option<Secure>,
}

struct Secure {
    listener: TcpListener,
    port: u16,
    acceptor: TlsAcceptor,
    certificates: Arc<Certificates>,
}

impl Listeners {
    /// Binds what the configuration names, and reads the certificate.
    pub async fn bind(config: &Config) -> Result<Self, ListenError> {
        let http = bind("HTTP", "http_addr", config.http_addr).await?;
        let https = match &config.https {
            Some(https) => Some(Secure::bind(https).await?),
            None => None,
        };
        Ok(Self { http, https })
    }

    /// Where HTTP is served.
    pub fn http(&self) -> io::Result<SocketAddr> {
        self.http.local_addr()
    }

    /// Where HTTPS is.
    pub fn https(&self) -> Option<SocketAddr> {
        self.https.as_ref().and_then(|https| https.listener.local_addr().ok())
    }

    /// Serves on all of them until `stop` says so, then until every request under way is answered.
    pub async fn serve(self, app: Router, metrics: Arc<Metrics>, stop: watch::Receiver<bool>) {
        let Some(Secure { listener, port, acceptor, certificates }) = self.https else {
            return http::serve(self.http, Security::Plain, app, Limits::default(), metrics, told(stop)).await;
        };
        let looks = tokio::spawn(watch_files(certificates));
        let plain = redirect::to_https(app.clone(), port);
        let plain =
            http::serve(self.http, Security::Plain, plain, Limits::default(), Arc::clone(&metrics), told(stop.clone()));
        let secure = http::serve(listener, Security::Tls(acceptor), app, Limits::default(), metrics, told(stop));
        tokio::join!(plain, secure);
        looks.abort();
    }
}

impl Secure {
    async fn bind(https: &Https) -> Result<Self, ListenError> {
        let certificates = Arc::new(match &https.files {
            Some(files) => Certificates::open(files.clone())?,
            None => tls::self_signed(&announce::interface_addresses(), SystemTime::now())?,
        });
        let acceptor = tls::acceptor(Arc::clone(&certificates))?;
        let listener = bind("HTTPS", "https_addr", https.address).await?;
        let own_port = listener.local_addr().map_or(https.address.port(), |address| address.port());
        let port = if https.public_port == 0 { own_port } else { https.public_port };
        Ok(Self { listener, port, acceptor, certificates })
    }
}

async fn bind(what: &'static str, option: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError::Bind { what, option, address, source })
}

/// Ends when it is said, or when nobody is left to say it.
async fn told(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Has the certificate's files looked at now and then, and at every SIGHUP.
async fn watch_files(certificates: Arc<Certificates>) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => return tracing::error!(%error, "the certificate is not read again: signals cannot be caught"),
    };
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            heard = hangup.recv() => if heard.is_none() { return },
        }
        let certificates = Arc::clone(&certificates);
        // A file's disk may be slow, or across a network.
        let _ = tokio::task::spawn_blocking(move || certificates.look()).await;
    }
}
