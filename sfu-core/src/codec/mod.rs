//! Payload formats: what a publisher's packet says about itself before anyone decodes it. Pure and without allocation;
//! knows no room, participant or transport. Read on the way into the ring, rewritten on the way out of it.

/// Payload formats we forward, with the parameters that make two of them the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587; mono or stereo, in-band FEC and DTX pass through.
    Opus,
    /// RFC 2198 over Opus.
    Red,
    /// RFC 7741.
    Vp8,
    /// RFC 9628, with its profile-id.
    Vp9 { profile: u8 },
    /// RFC 6184, packetization-mode 1; profile_idc and profile-iop as in profile-level-id. Levels are asymmetric.
    H264 { profile: H264Profile },
    /// AV1 RTP payload specification, with its profile.
    Av1 { profile: u8 },
}

/// The profiles of RFC 6184 table 5 that browsers offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum H264Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
    PredictiveHigh444,
}
