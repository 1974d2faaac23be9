//! A room through the real binary: signalling by WebSocket, media by a peer connection of the `webrtc` crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]
#![allow(dead_code, reason = "helpers that other tests use more of")]

mod binary;
mod peer;

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use binary::{Running, start};
use peer::{Publisher, Viewer};

const PATIENCE: Duration = Duration::from_secs(20);

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Came while something else was waited for.
    kept: Vec<Value>,
}

impl Socket {
    async fn connect(server: &Running, room: &str) -> Self {
        let (stream, _) = connect_async(format!("ws://{}/rooms/{room}/ws", server.http)).await.unwrap();
        Self { stream, kept: Vec::new() }
    }

    async fn say(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message that fits; others are kept.
    async fn expect(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let found = async {
            loop {
                if let Message::Text(text) = self.stream.next().await.expect("the socket has ended").unwrap() {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    assert_ne!(message["type"], "error", "{message}");
                    if wanted(&message) {
                        return message;
                    }
                    self.kept.push(message);
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} does not come, but {:?}", self.kept))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_by_socket_sees_a_publisher_by_whip_in_the_slot_that_the_layout_gives_it() {
    let server = start(&["--media-addr", "127.0.0.1", "--media-port", "0"]);
    let publisher = Publisher::start(&server, "demo", "cam").await;
    let mut socket = Socket::connect(&server, "demo").await;
    socket.say(json!({"id": 1, "type": "join", "version": 1, "name": "Ann", "identity": "ann"})).await;
    let joined = socket.expect("joined", |message| message["id"] == 1).await;
    assert_eq!(
        (&joined["participants"][0]["identity"], &joined["participants"][0]["via"]),
        (&json!("cam"), &json!("whip"))
    );
    let track = joined["participants"][0]["tracks"][0]["id"].as_str().unwrap().to_owned();

    let (mut viewer, offer) = Viewer::by_hand().await;
    socket.say(json!({"id": 2, "type": "offer", "sdp": offer})).await;
    let answer = socket.expect("answer", |message| message["id"] == 2).await;
    viewer.accept(answer["sdp"].as_str().unwrap().to_owned()).await;
    socket
        .say(json!({"id": 3, "type": "layout", "slots": [{"mid": "0", "track": track, "height": 240, "priority": 1}]}))
        .await;
    socket.expect("ok", |message| message["id"] == 3).await;
    viewer.expect_frames(30).await.from("cam");
    socket.expect("a live slot", |message| message["type"] == "slots" && message["slots"][0]["state"] == "live").await;

    drop(publisher);
    socket.say(json!({"id": 4, "type": "leave"})).await;
    viewer.expect_closed().await;
}
