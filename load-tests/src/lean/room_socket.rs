//! The WebSocket of a room, `GET /rooms/{room}/ws`: one JSON object a message, requests answered by their id.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::told::Told;

/// Version of the protocol that is spoken.
const VERSION: u32 = 1;
/// Longest wait for an answer; a server that needs more is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A room could not be entered, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    #[error("no room at {url}: {source}")]
    Unreachable { url: Url, source: Box<SocketError> },
    #[error("the room's socket failed: {0}")]
    Socket(Box<SocketError>),
    #[error("the room's socket was closed")]
    Closed,
    #[error("the room ended: {0}")]
    Ended(String),
    #[error("{request} was refused: {why}")]
    Refused { request: &'static str, why: String },
    #[error("{request} was not answered within {PATIENCE:?}")]
    Silent { request: &'static str },
    #[error("the room's `{message}` came without {what}")]
    Incomplete { message: &'static str, what: &'static str },
}

/// A client's socket.
#[derive(Debug)]
pub(super) struct RoomSocket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    /// Where what is said of the slots goes, and whose they are.
    ear: Option<(Told, String)>,
}

impl RoomSocket {
    pub(super) async fn connect(url: &Url) -> Result<Self, RoomError> {
        let unreachable = |source| RoomError::Unreachable { url: url.clone(), source: Box::new(source) };
        let request = url.as_str().into_client_request().map_err(unreachable)?;
        let (socket, _) = connect_async(request).await.map_err(unreachable)?;
        Ok(Self { socket, next_id: 1, ear: None })
    }

    /// Joins; what `joined` says.
    pub(super) async fn join(&mut self, name: &str) -> Result<Value, RoomError> {
        self.request("join", json!({ "version": VERSION, "name": name })).await
    }

    /// Tells `ear` what is said of the slots of `participant` from now on.
    pub(super) fn tell(&mut self, ear: Told, participant: &str) {
        self.ear = Some((ear, participant.to_owned()));
    }

    /// Makes the first offer; the answer.
    pub(super) async fn offer(&mut self, sdp: &str) -> Result<String, RoomError> {
        let answer = self.request("offer", json!({ "sdp": sdp })).await?;
        let sdp = answer.get("sdp").and_then(Value::as_str);
        sdp.map(str::to_owned).ok_or(RoomError::Incomplete { message: "answer", what: "sdp" })
    }

    /// Sends a request and waits for what answers it; what happens in the room meanwhile is let go.
    pub(super) async fn request(&mut self, kind: &'static str, mut body: Value) -> Result<Value, RoomError> {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("type".to_owned(), kind.into());
            fields.insert("id".to_owned(), id.into());
        }
        self.socket.send(Message::text(body.to_string())).await.map_err(|error| RoomError::Socket(Box::new(error)))?;
        let answered = async {
            loop {
                let message = self.hear().await?;
                if message.get("id").and_then(Value::as_u64) == Some(id) {
                    return Ok(message);
                }
            }
        };
        let answer =
            tokio::time::timeout(PATIENCE, answered).await.map_err(|_| RoomError::Silent { request: kind })??;
        match text(&answer, "type") {
            "error" => {
                let why = format!("{}: {} {}", text(&answer, "code"), text(&answer, "message"), text(&answer, "field"));
                Err(RoomError::Refused { request: kind, why })
            }
            _ => Ok(answer),
        }
    }

    /// The next message.
    pub(super) async fn hear(&mut self) -> Result<Value, RoomError> {
        loop {
            let message = self.socket.next().await.ok_or(RoomError::Closed)?;
            let Message::Text(text_of) = message.map_err(|error| RoomError::Socket(Box::new(error)))? else { continue };
            let message: Value = serde_json::from_str(&text_of).unwrap_or_default();
            if text(&message, "type") == "ended" {
                return Err(RoomError::Ended(text(&message, "message").to_owned()));
            }
            if let Some((ear, participant)) = &self.ear
                && text(&message, "type") == "slots"
            {
                ear.hear(Instant::now(), participant, &message);
            }
            return Ok(message);
        }
    }
}

/// A member that is text; empty where there is none.
pub(super) fn text<'a>(message: &'a Value, member: &str) -> &'a str {
    message.get(member).and_then(Value::as_str).unwrap_or_default()
}
