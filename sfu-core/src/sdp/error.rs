//! What is wrong with a session description.

use crate::id::{Mid, PayloadType, Ssrc};
use crate::limits;

/// Why an offer or a fragment cannot be answered: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("the session description has {bytes} bytes; at most {max} are accepted", max = limits::SDP_BYTES_MAX)]
    TooLong { bytes: usize },
    #[error("the session description has more than {max} lines", max = limits::SDP_LINES_MAX)]
    TooManyLines,
    #[error("the session description has more than {max} m-sections; offer fewer", max = limits::SDP_SECTIONS_MAX)]
    TooManySections,
    #[error("the offer publishes {tracks} tracks; at most {max} are accepted per connection", max = limits::TRACKS_PER_TRANSPORT_MAX)]
    TooManyTracks { tracks: usize },
    #[error("the offer asks for {slots} slots; at most {max} are accepted per connection", max = limits::SLOTS_PER_TRANSPORT_MAX)]
    TooManySlots { slots: usize },
    #[error("line {line} holds a control character; lines end in CR LF and hold printable text")]
    ControlCharacter { line: usize },
    #[error("line {line} is not of the form <letter>=<value> (RFC 8866 section 5): `{found}`")]
    NotAField { line: usize, found: String },
    #[error("line {line} is malformed or out of order (RFC 8866 section 5): `{found}`")]
    Malformed { line: usize, found: String },
    #[error("the session description ends before its first m-section is complete (RFC 8866 section 5); send all of it")]
    Truncated,
    #[error("the offer has no m-section; add a track or a transceiver before creating it")]
    NoSection,
    #[error("two m-sections are named a=mid:{}; each needs a name of its own (RFC 5888 section 9.1)", .mid.0)]
    DuplicateMid { mid: Mid },
    #[error(
        "the offer has {sections} media sections and no a=group:BUNDLE; this server carries everything over one transport, so bundle them (RFC 9143)"
    )]
    NotBundled { sections: usize },
    #[error("section {} has no a=rtcp-mux; RTP and RTCP must share one port here (RFC 5761)", .mid.0)]
    NoRtcpMux { mid: Mid },
    #[error("section {} has no a=ice-ufrag and a=ice-pwd, and neither has the session (RFC 8839 section 5.4)", .mid.0)]
    NoIceCredentials { mid: Mid },
    #[error("the fragment has no a=ice-ufrag, so it names no ICE generation (RFC 8840 section 9)")]
    NoFragmentUfrag,
    #[error(
        "the fragment names two different ICE generations in its a=ice-ufrag or a=ice-pwd lines; send one fragment for each"
    )]
    MixedFragment,
    #[error(
        "a=ice-ufrag has {characters} characters; RFC 8839 section 5.4 wants 4 to 256, printable and without spaces"
    )]
    IceUfrag { characters: usize },
    #[error(
        "a=ice-pwd has {characters} characters; RFC 8839 section 5.4 wants 22 to 256, printable and without spaces"
    )]
    IcePwd { characters: usize },
    #[error("section {} has no a=fingerprint, and neither has the session; DTLS needs one (RFC 8122)", .mid.0)]
    NoFingerprint { mid: Mid },
    #[error("section {} has only fingerprints of {}; use sha-256, sha-384 or sha-512 (RFC 8122 section 5)", .mid.0, .offered.join(", "))]
    WeakFingerprint { mid: Mid, offered: Vec<String> },
    #[error("a fingerprint of section {} is not {expected} hexadecimal bytes joined by colons (RFC 8122 section 5)", .mid.0)]
    MalformedFingerprint { mid: Mid, expected: usize },
    #[error("section {} has a=setup:{found}; offer actpass, active or passive (RFC 8842 section 5.2)", .mid.0)]
    Setup { mid: Mid, found: String },
    #[error("payload type {payload_type} means one format in section {} and another in section {}; in a bundle it must mean one (RFC 9143 section 9.1.1)", .first.0, .second.0)]
    PayloadTypeConflict { payload_type: PayloadType, first: Mid, second: Mid },
    #[error("header extension id {id} means one thing in section {} and another in section {}; in a bundle it must mean one (RFC 9143 section 12)", .first.0, .second.0)]
    ExtensionConflict { id: u8, first: Mid, second: Mid },
    #[error("payload type {payload_type} means another format in section {} than in an earlier offer; offer it as it was (RFC 3264 section 8.3.2)", .mid.0)]
    PayloadTypeChanged { payload_type: PayloadType, mid: Mid },
    #[error("header extension id {id} means something else in section {} than in an earlier offer; offer it as it was (RFC 8285 section 5)", .mid.0)]
    ExtensionChanged { id: u8, mid: Mid },
    #[error(
        "the offer has {now} m-sections after {before}; keep each in its place, stopped ones with port 0 (RFC 3264 section 8)"
    )]
    SectionsGone { before: usize, now: usize },
    #[error("m-section {place} was a=mid:{} and is now a=mid:{}; only a stopped one may be used anew (RFC 9429 section 5.2.2)", .was.0, .now.0)]
    SectionMoved { place: usize, was: Mid, now: Mid },
    #[error("section {} has become another kind of media; add a section for it (RFC 3264 section 8.3.3)", .mid.0)]
    KindChanged { mid: Mid },
    #[error(
        "the offer has another a=fingerprint than the one before; a connection keeps its certificate, so open a new one"
    )]
    FingerprintChanged,
    #[error("the offer has another a=setup than was agreed on; offer actpass, or what it was (RFC 8842 section 5.5)")]
    RoleChanged,
    #[error(
        "the offer changes one of a=ice-ufrag and a=ice-pwd; change both to restart ICE, or neither (RFC 8839 section 5.4)"
    )]
    HalfRestart,
    #[error("section {} announces SSRC {ssrc}, on which this server sends; choose another (RFC 3550 section 8.1)", .mid.0)]
    SsrcTaken { ssrc: Ssrc, mid: Mid },
    #[error(
        "nothing to receive: no section of the offer is sendonly or sendrecv, and WHIP publishes (RFC 9725 section 4.2)"
    )]
    NothingPublished,
    #[error("nothing to send: no section of the offer is recvonly or sendrecv, and WHEP watches")]
    NothingWatched,
    #[error("no media in either way: every section of the offer is inactive; offer a track or a slot")]
    NothingFlows,
    #[error(
        "no codec in common: the offer has {}; supported are {} over UDP/TLS/RTP/SAVPF",
        if .offered.is_empty() { "none".to_owned() } else { .offered.join(", ") },
        super::codec::SUPPORTED
    )]
    NoMutualCodec { offered: Vec<String> },
}
