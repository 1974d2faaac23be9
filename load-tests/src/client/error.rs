//! What can keep a client from its media, said so that whoever runs the tool knows what to do.

use std::time::Duration;

use webrtc::peer_connection::RTCPeerConnectionState;

/// A client could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no server answers at {url} ({source}); start one with `sfu-server serve`, or name another with --url")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} was answered with {status}: {title}{detail}")]
    Refused { url: String, status: u16, title: String, detail: String },
    #[error("{url} was answered without {what}, which {rfc} demands")]
    Incomplete { url: String, what: &'static str, rfc: &'static str },
    #[error("{url} is not a usable address: {reason}")]
    Url { url: String, reason: String },
    #[error("peer connection: {0}")]
    Peer(#[from] webrtc::error::Error),
    #[error(
        "media did not connect within {waited:?}, the connection is {state}; is UDP to the answer's candidates open?"
    )]
    NotConnected { waited: Duration, state: RTCPeerConnectionState },
    #[error("gathering candidates did not end within {waited:?}")]
    Gathering { waited: Duration },
    #[error("the answer took no {codec} track; publish with another --codec or look at the server's codecs")]
    CodecRefused { codec: crate::media::Codec },
    #[error("the webrtc crate was built without a runtime")]
    NoRuntime,
    #[error(transparent)]
    Media(#[from] crate::media::MediaError),
}
