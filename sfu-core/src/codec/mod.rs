//! Payload formats: what a publisher's packet says about itself before anyone decodes it. Pure and without allocation;
//! knows no room, participant or transport. Read on the way into the ring, rewritten on the way out of it.
//!
//! Invariant: no input panics; what cannot be parsed is `None`, for the caller to count and drop.

pub mod av1;
mod av1_sequence;
mod bits;
pub mod dependency_descriptor;
mod descriptor;
pub mod h264;
mod h264_sps;
pub mod opus;
pub mod red;
mod temporal_templates;
pub mod vp8;
pub mod vp9;
mod vp9_header;

#[cfg(test)]
mod tests;

pub use descriptor::{At, IdOffsets, PictureId, PictureIds, Resolution};
pub use temporal_templates::TemporalTemplates;

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

impl Codec {
    /// Whether a decoder that agreed to `agreed` understands this format. The profiles of H264 contain each other
    /// (RFC 6184 §8.1); encoders that claim Baseline use nothing that Constrained Baseline lacks.
    pub fn is_understood_by(self, agreed: Codec) -> bool {
        use H264Profile::{Baseline, ConstrainedBaseline, ConstrainedHigh, High, Main};
        match (self, agreed) {
            (Self::H264 { profile: sent }, Self::H264 { profile: known }) => match sent {
                ConstrainedBaseline | Baseline => {
                    matches!(known, ConstrainedBaseline | Baseline | Main | ConstrainedHigh | High)
                }
                Main => matches!(known, Main | High),
                ConstrainedHigh => matches!(known, ConstrainedHigh | High),
                High | H264Profile::PredictiveHigh444 => sent == known,
            },
            _ => self == agreed,
        }
    }
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

/// Whether a packet begins a frame, as far as leaving frames out goes: told of VP8 (RFC 7741 §4.2), and by a Dependency
/// Descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameStart {
    #[default]
    No,
    Yes,
    /// Of a frame that needs the lowest temporal layer alone: a receiver of fewer layers may step up to its layer.
    LayerSync,
    /// Of a frame after which nothing needs what came of higher temporal layers before: a receiver that got this one may step
    /// up as far as it likes.
    SwitchUp,
}

/// What one packet's payload tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspection {
    /// A decoder can start at this packet. True for every audio packet. H264 may say so of several packets of one
    /// picture: the first of an RTP timestamp counts.
    pub keyframe_start: bool,
    pub frame_start: FrameStart,
    /// A receiver of fewer temporal layers may step up to this packet's layer here.
    pub switching_up: bool,
    /// VP8 and VP9: ids that must be rewritten when streams are joined. AV1: the layer, if the OBUs carry it.
    pub ids: Option<PictureIds>,
    /// Picture size where the packet states it: key frames of VP8 and VP9 (the highest layer), parameter sets of H264,
    /// sequence headers of AV1.
    pub resolution: Option<Resolution>,
    /// Audio: silence goes on, nothing is said.
    pub dtx: bool,
}

/// Reads what the payload says about itself; `None` if it is malformed.
pub fn inspect(codec: Codec, payload: &[u8]) -> Option<Inspection> {
    match codec {
        Codec::Opus => {
            opus::parse(payload)?;
            Some(Inspection { keyframe_start: true, dtx: opus::is_dtx(payload), ..Inspection::default() })
        }
        Codec::Red => {
            let dtx = opus::is_dtx(red::primary(payload)?.data);
            Some(Inspection { keyframe_start: true, dtx, ..Inspection::default() })
        }
        Codec::Vp8 => {
            let descriptor = vp8::parse(payload)?;
            Some(Inspection {
                keyframe_start: descriptor.is_keyframe_start(payload),
                frame_start: descriptor.frame_start(),
                switching_up: descriptor.layer_sync,
                ids: Some(descriptor.ids()),
                resolution: descriptor.resolution(payload),
                dtx: false,
            })
        }
        Codec::Vp9 { .. } => {
            let descriptor = vp9::parse(payload)?;
            Some(Inspection {
                keyframe_start: descriptor.is_keyframe_start(),
                switching_up: descriptor.layer.is_some_and(|layer| layer.switching_up),
                ids: Some(descriptor.ids()),
                resolution: descriptor.resolution(payload),
                ..Inspection::default()
            })
        }
        Codec::H264 { .. } => {
            let packet = h264::parse(payload)?;
            Some(Inspection {
                keyframe_start: packet.is_keyframe_start(),
                resolution: packet.resolution,
                ..Inspection::default()
            })
        }
        Codec::Av1 { .. } => {
            let packet = av1::parse(payload)?;
            let ids = PictureIds { temporal: packet.temporal, spatial: packet.spatial, ..PictureIds::default() };
            Some(Inspection {
                keyframe_start: packet.is_keyframe_start(),
                ids: Some(ids),
                resolution: packet.resolution,
                ..Inspection::default()
            })
        }
    }
}

/// Moves the ids of a VP8 or VP9 payload by `offsets` in place; the other formats carry none and are left alone.
/// `None`, and nothing changed, if the payload is malformed.
pub fn rewrite_ids(codec: Codec, payload: &mut [u8], offsets: IdOffsets) -> Option<()> {
    match codec {
        Codec::Vp8 => vp8::rewrite(payload, offsets),
        Codec::Vp9 { .. } => vp9::rewrite(payload, offsets),
        Codec::Opus | Codec::Red | Codec::H264 { .. } | Codec::Av1 { .. } => Some(()),
    }
}
