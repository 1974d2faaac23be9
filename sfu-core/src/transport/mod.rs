//! One peer's transport: ICE-lite (who may speak), DTLS (who it is), SRTP (what it says). Second and last step of a
//! packet's walk. Nothing but STUN is looked at from an address whose message integrity was not verified.

mod certificate;
mod client_hello;
mod close_reason;
mod connection;
mod credentials;
mod data;
mod demux;
mod drop_reason;
mod dtls;
mod dtls_config;
mod dtls_flight;
mod dtls_gate;
mod dtls_nonce;
mod dtls_reassembly;
mod dtls_record;
mod framing;
mod header;
mod ice;
mod open;
mod packet_index;
mod pair;
mod replay;
mod seal;
mod srtcp;
mod srtp_cipher;
mod srtp_keys;
mod stun_message;

pub use certificate::{CertificateError, Fingerprint, FingerprintHash, LocalCertificate};
pub use close_reason::CloseReason;
pub use connection::{Connection, ConnectionConfig, ConnectionEvent};
pub use credentials::IceCredentials;
pub use data::{ChannelId, DataChannels, DataCounters, DataEvent};
pub use demux::{DatagramKind, classify};
pub use drop_reason::{DropReason, TransportCounters};
pub use dtls::DtlsRole;
pub use framing::{Deframer, Frame, FrameTooLong, LENGTH_BYTES, append};
pub use ice::StunOutcome;
pub use open::{Opened, RtpOpener};
pub use packet_index::PacketIndex;
pub use pair::{Pair, Protocol};
pub use replay::ReplayWindow;
pub use seal::RtpSealer;
pub use srtcp::{RtcpOpener, RtcpSealer};
pub use srtp_keys::{KeyUse, MasterKey, SessionKeys, SrtpKeys, SrtpProfile};
pub use stun_message::peek_ufrag;
