//! Data channels: the one m-section of SCTP over the bundle's DTLS (RFC 8841).

use sdp::description::common::Attribute;
use sdp::description::media::MediaName;

use crate::id::Mid;

/// Our SCTP port, and what a peer that names none uses: the one that every browser writes.
pub(super) const SCTP_PORT: u16 = 5_000;
/// What a peer takes that says nothing of it, bytes (RFC 8841 §6.1).
const MESSAGE_BYTES_ASSUMED: u64 = 65_536;

/// An SCTP association to be, as offered and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataChannel {
    pub mid: Mid,
    /// The peer's SCTP port.
    pub remote_port: u16,
    /// Ours.
    pub local_port: u16,
    /// Largest message that the peer takes, bytes; `None`: any size.
    pub remote_message_bytes_max: Option<u64>,
}

/// The association that a section offers; `None` if it offers none that can be had.
pub(super) fn offered(mid: &Mid, media: &MediaName, attributes: &[Attribute]) -> Option<DataChannel> {
    let is_sctp = media.protos.iter().map(String::as_str).eq(["UDP", "DTLS", "SCTP"]);
    if media.media != "application" || !is_sctp || !media.formats.iter().any(|format| format == "webrtc-datachannel") {
        return None;
    }
    let value = |key: &str| {
        let found = attributes.iter().find(|attribute| attribute.key == key);
        found.and_then(|attribute| attribute.value.as_deref()).map(str::trim)
    };
    let remote_port = value("sctp-port").map_or(Some(SCTP_PORT), |port| port.parse().ok());
    let size = value("max-message-size").map_or(Some(MESSAGE_BYTES_ASSUMED), |size| size.parse().ok());
    Some(DataChannel {
        mid: mid.clone(),
        // Port 0 ends the association (RFC 8841 §5.1).
        remote_port: remote_port.filter(|port| *port != 0)?,
        local_port: SCTP_PORT,
        remote_message_bytes_max: Some(size?).filter(|size| *size != 0),
    })
}
