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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
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
    /// How long the head of a request may take, from the connection's beginning or the end of the request before it.
    pub head_max: Duration,
}

impl Default for Limits {
    /// 4,096 connections are a thundering herd after a restart, at some 20 KiB each; a head is one packet, so 10 s forgive
    /// a bad link several repeats.
    fn default() -> Self {
        Self { connections_max: 4_096, head_max: Duration::from_secs(10) }
    }
}

/// Serves until `stop`, then until every request under way is answered.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        metrics.connections.set(i64::try_from(connections.len()).unwrap_or(i64::MAX));
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if connections.len() < limits.connections_max => {
                    connections.spawn(connection(stream, peer, app.clone(), limits.head_max, closing.clone()));
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
    metrics.connections.set(0);
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

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_max: Duration,
    mut closing: watch::Receiver<bool>,
) {
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
