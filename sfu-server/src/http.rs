//! Accepts HTTP connections and serves the router on them, within limits: a client that says nothing, or says it slowly, holds
//! a connection for seconds, and connections are counted out.
//! Invariant: a request that arrived whole is answered, also while the server shuts down.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::metrics::Metrics;

/// How long the rest of a request's head may take once the server shuts down; a whole one is answered in milliseconds.
const LAST_HEAD_MAX: Duration = Duration::from_millis(250);
/// Pause after a failed accept, which is a lack of file descriptors: to try at once would only burn the core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at a time; further ones are closed at once.
    pub connections_max: usize,
    /// How long the head of a request may take, from the connection's beginning or the end of the request before it; and a
    /// handshake of TLS.
    pub head_max: Duration,
}

impl Default for Limits {
    /// 4,096 connections are a thundering herd after a restart, at some 20 KiB each; a head is one packet, so 10 s forgive
    /// a bad link several repeats.
    fn default() -> Self {
        Self { connections_max: 4_096, head_max: Duration::from_secs(10) }
    }
}

/// How a listener's connections are spoken on.
#[derive(Clone)]
pub enum Security {
    Plain,
    Tls(TlsAcceptor),
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}

/// Serves until `stop`, then until every request under way is answered.
pub async fn serve(
    listener: TcpListener,
    security: Security,
    app: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if connections.len() < limits.connections_max => {
                    let open = Open::begin(&metrics);
                    let answer = Answer { peer, app: app.clone(), head_max: limits.head_max };
                    connections.spawn(connection(stream, security.clone(), answer, closing.clone(), open));
                }
                Ok((_, peer)) => {
                    metrics.connections_refused.inc();
                    tracing::debug!(%peer, open = connections.len(), "too many HTTP connections");
                }
                Err(error) => rest_after(&error).await,
            },
        }
    }
    drop(listener);
    close.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    // The client's own doing, and nothing to wait for.
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "HTTP connections cannot be accepted; raise the limit of open files (LimitNOFILE, ulimit -n)");
    sleep(ACCEPT_PAUSE).await;
}

/// What a connection's requests are answered with.
struct Answer {
    peer: SocketAddr,
    app: Router,
    head_max: Duration,
}

async fn connection(
    stream: TcpStream,
    security: Security,
    answer: Answer,
    mut closing: watch::Receiver<bool>,
    open: Open,
) {
    let Security::Tls(acceptor) = security else { return speak(stream, answer, closing).await };
    let shaken = tokio::select! {
        shaken = timeout(answer.head_max, acceptor.accept(stream)) => shaken,
        _ = closing.wait_for(|closing| *closing) => return,
    };
    match shaken {
        Ok(Ok(stream)) => speak(stream, answer, closing).await,
        Ok(Err(error)) => {
            open.metrics.tls_handshakes_failed.inc();
            tracing::debug!(peer = %answer.peer, %error, "TLS handshake failed");
        }
        Err(_) => {
            open.metrics.tls_handshakes_failed.inc();
            tracing::debug!(peer = %answer.peer, "TLS handshake took too long");
        }
    }
}

/// Answers one request after the other.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    to: Answer,
    mut closing: watch::Receiver<bool>,
) {
    let Answer { peer, app, head_max } = to;
    let under_way = Arc::new(AtomicUsize::new(0));
    let service = service_fn(|request| answer(request, peer, app.clone(), UnderWay::begin(&under_way)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_max)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    tokio::select! {
        ended = served.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "HTTP connection ended");
            }
            return;
        }
        _ = closing.wait_for(|closing| *closing) => {}
    }
    served.as_mut().graceful_shutdown();
    while timeout(LAST_HEAD_MAX, served.as_mut()).await.is_err() {
        if under_way.load(Ordering::Relaxed) == 0 {
            tracing::debug!(%peer, "HTTP connection given up: half a request at the shutdown");
            return;
        }
    }
}

async fn answer(
    mut request: hyper::Request<Incoming>,
    peer: SocketAddr,
    app: Router,
    under_way: UnderWay,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = app.oneshot(Request::map(request, Body::new)).await;
    drop(under_way);
    response
}

/// Counts a connection as open for as long as it lives.
struct Open {
    metrics: Arc<Metrics>,
}

impl Open {
    fn begin(metrics: &Arc<Metrics>) -> Self {
        metrics.connections.inc();
        Self { metrics: Arc::clone(metrics) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// Counts a request as under way for as long as it lives.
#[derive(Debug)]
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
