//! Answering offers: what the peer can do, what we agree on, and the answer's text. Control path only.
//!
//! Text → lines and syntax (`text`) → the offer in our types (`offer` with `peer`, `codec`, `extension`, `source`)
//! → the decision (`agree`), bound by what was agreed before (`session`) → the answer (`answer`). An offer either gets an answer that keeps the order and the names of
//! its sections, or an [`SdpError`]; nothing of it is echoed that was not checked.

mod agree;
mod answer;
mod candidate;
mod codec;
mod data;
mod error;
mod extension;
mod fragment;
mod offer;
mod peer;
mod session;
mod source;
mod text;

pub use answer::{Accepted, IceGeneration, Local, answer, answer_further};
pub use data::DataChannel;
pub use error::SdpError;
pub use fragment::{Fragment, parse_fragment, write_fragment};
pub use session::Session;

pub use crate::codec::{Codec, H264Profile};

use std::sync::Arc;

use crate::id::{MediaKind, Mid, PayloadType, Rid, Ssrc};
use crate::transport::{DtlsRole, Fingerprint, IceCredentials};

/// What the offer is for; decides the answer's directions (RFC 9725 §4.2, draft-ietf-wish-whep §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// WHIP: `sendonly` and `sendrecv` are answered with `recvonly`.
    Publish,
    /// WHEP: `recvonly` and `sendrecv` are answered with `sendonly`.
    Watch,
    /// A browser in a room: `sendonly` and `sendrecv` publish, `recvonly` are slots.
    Meet,
}

impl Purpose {
    /// Whether tracks may be published.
    pub fn publishes(self) -> bool {
        matches!(self, Self::Publish | Self::Meet)
    }

    /// Whether data channels may be opened.
    pub fn talks(self) -> bool {
        matches!(self, Self::Meet)
    }

    /// Whether slots may be offered.
    pub fn watches(self) -> bool {
        matches!(self, Self::Watch | Self::Meet)
    }
}

/// What offer and answer agree on, for the shard.
#[derive(Debug, Clone)]
pub struct Negotiated {
    pub remote_ice: IceCredentials,
    /// At least one; any of them may match the peer's certificate.
    pub remote_fingerprints: Vec<Fingerprint>,
    pub role: DtlsRole,
    /// One map for the whole bundle (RFC 8285 §5, RFC 9143 §12).
    pub extensions: ExtensionIds,
    /// In the offer's order, refused and inactive ones included; what is neither audio nor video is left out.
    pub sections: Vec<Section>,
    /// Data channels, where the request is for them (`Purpose::Meet`).
    pub data: Option<DataChannel>,
}

/// One m-section as agreed.
#[derive(Debug, Clone)]
pub struct Section {
    pub mid: Mid,
    pub kind: MediaKind,
    pub flow: Flow,
    /// Mutual codecs in the offer's order of preference; empty only if `flow` is `Inactive`.
    pub codecs: Vec<NegotiatedCodec>,
    /// Of the bundle's header extensions those that this section agreed to.
    pub extensions: ExtensionIds,
}

/// Which way media flows in a section.
#[derive(Debug, Clone)]
pub enum Flow {
    /// The peer publishes a track here.
    Publishes {
        /// SSRCs that the offer names, primary first, each with its RTX SSRC (RFC 5576 FID); often empty.
        ssrcs: Vec<OfferedSsrc>,
        /// Simulcast RIDs in the offer's order (RFC 8853); empty without simulcast.
        rids: Vec<Rid>,
    },
    /// We send a slot here, on these SSRCs for life.
    Receives {
        media: Ssrc,
        rtx: Option<Ssrc>,
        /// What sender reports call the slot (RFC 3550 §6.5.1): audio slot i and video slot i share it.
        cname: Arc<str>,
        /// Which slot of its kind it is, from 0: audio slot i and video slot i belong together.
        pair: usize,
    },
    /// Refused (no mutual codec, then `codecs` is empty) or inactive.
    Inactive,
}

/// An SSRC that the offer announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedSsrc {
    pub media: Ssrc,
    pub rtx: Option<Ssrc>,
}

/// A payload format both sides understand, under the peer's payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegotiatedCodec {
    pub codec: Codec,
    pub payload_type: PayloadType,
    /// RFC 4588 payload type for repeats, if agreed.
    pub rtx: Option<PayloadType>,
    pub feedback: Feedback,
}

/// RTCP feedback agreed for a codec (RFC 4585, RFC 5104, transport-cc).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Feedback {
    pub nack: bool,
    pub pli: bool,
    pub fir: bool,
    /// Only where the header extension that carries the numbers was agreed too.
    pub transport_cc: bool,
    pub remb: bool,
}

/// Header extension ids of the bundle, 1 to 14 or, where allowed, to 255 (RFC 8285).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtensionIds {
    pub mid: Option<u8>,
    pub rid: Option<u8>,
    pub repaired_rid: Option<u8>,
    pub audio_level: Option<u8>,
    pub abs_send_time: Option<u8>,
    pub transport_cc: Option<u8>,
    pub dependency_descriptor: Option<u8>,
    /// `a=extmap-allow-mixed` was agreed: two-byte headers may be sent.
    pub mixed: bool,
}
