//! A client of the WebSocket over a pipe in memory: no sockets of the system, so that tests may hold the time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use futures::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt;

use crate::support::{OFFER, Server};

/// How long a client waits for a message; longer than anything but absence takes.
const PATIENCE: Duration = Duration::from_secs(60);
const PIPE_BYTES: usize = 64 * 1024;
pub const ADDRESS: &str = "198.51.100.9:1000";

pub struct Client {
    pub socket: WebSocketStream<DuplexStream>,
    next_id: u32,
    /// Came while something else was waited for.
    kept: VecDeque<Value>,
}

/// What `joined` said.
pub struct Welcome(pub Value);

impl Welcome {
    pub fn token(&self) -> String {
        self.0["resume"].as_str().unwrap().to_owned()
    }

    pub fn identities(&self) -> Vec<&str> {
        let participants = self.0["participants"].as_array().unwrap();
        participants.iter().map(|participant| participant["identity"].as_str().unwrap()).collect()
    }
}

/// One HTTP connection to the app over a pipe.
fn pipe(app: Router, peer: SocketAddr) -> DuplexStream {
    let (near, far) = duplex(PIPE_BYTES);
    tokio::spawn(async move {
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(Request::map(request, axum::body::Body::new))
        });
        let _ = http1::Builder::new().serve_connection(TokioIo::new(far), service).with_upgrades().await;
    });
    near
}

/// Tries to connect; the status of a refusal.
pub async fn try_connect(server: &Server, path: &str, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    try_connect_from(server, ADDRESS, path, headers).await
}

pub async fn try_connect_from(
    server: &Server,
    peer: &str,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Client, u16> {
    let mut request = format!("ws://localhost{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = pipe(server.app.clone(), peer.parse().unwrap());
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(Client { socket, next_id: 1, kept: VecDeque::new() }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Client {
    /// Connects and says nothing.
    pub async fn connect(server: &Server, room: &str) -> Self {
        try_connect(server, &format!("/rooms/{room}/ws"), &[]).await.unwrap()
    }

    /// Connects and joins under this identity.
    pub async fn join(server: &Server, room: &str, identity: &str) -> (Self, Welcome) {
        let mut client = Self::connect(server, room).await;
        let message = json!({"type": "join", "version": 1, "name": identity, "identity": identity});
        let joined = client.request(message).await;
        assert_eq!(joined["type"], "joined", "{joined}");
        (client, Welcome(joined))
    }

    /// Connects and tries to come back.
    pub async fn resume(server: &Server, room: &str, token: &str) -> (Self, Value) {
        let mut client = Self::connect(server, room).await;
        let reply = client.request(json!({"type": "join", "version": 1, "name": "again", "resume": token})).await;
        (client, reply)
    }

    /// Sends a request without waiting; gives its id.
    pub async fn say(&mut self, mut message: Value) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        message["id"] = json!(id);
        self.send(message.to_string()).await;
        id
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a request and gives what answers it; anything else is kept.
    pub async fn request(&mut self, message: Value) -> Value {
        let id = self.say(message).await;
        self.find(|message| message["id"] == id).await
    }

    /// The next message of this type; anything else is kept.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.find(|message| message["type"] == kind).await
    }

    /// Offers and gives the answer.
    pub async fn offer(&mut self) -> Value {
        let answer = self.request(json!({"type": "offer", "sdp": OFFER})).await;
        assert_eq!(answer["type"], "answer", "{answer}");
        answer
    }

    /// Waits until the server ends the socket; gives what it said before, and the close code.
    pub async fn end(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut said: Vec<Value> = self.kept.drain(..).collect();
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the socket is not ended") {
                Some(Ok(Message::Text(text))) => said.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return (said, frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (said, None),
            }
        }
    }

    /// Reads, and so answers pings, for this long; what comes is kept.
    pub async fn idle(&mut self, how_long: Duration) {
        let until = Instant::now() + how_long;
        while let Ok(frame) = timeout_at(until, self.socket.next()).await {
            match frame.expect("the socket has ended").unwrap() {
                Message::Text(text) => self.kept.push_back(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => panic!("closed: {frame:?}, kept {:?}", self.kept),
                _ => {}
            }
        }
    }

    /// What came of this type and was not looked at yet.
    pub fn take(&mut self, kind: &str) -> Vec<Value> {
        let (taken, kept) = self.kept.drain(..).partition(|message| message["type"] == kind);
        self.kept = kept;
        Vec::from(taken)
    }

    /// Checks that nothing of this type has come by the time that everything said before is answered.
    pub async fn expect_no(&mut self, kind: &str) {
        self.request(json!({"type": "ping"})).await;
        let found = self.kept.iter().find(|message| message["type"] == kind);
        assert!(found.is_none(), "{found:?}");
    }

    async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let message = self.receive().await.unwrap_or_else(|| panic!("the socket has ended; kept {:?}", self.kept));
            if wanted(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing comes") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }
}
