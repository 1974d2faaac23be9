//! The encoded loops that publishers play: frames out of IVF, Annex B and Ogg, each known to the byte.
//!
//! First step of a packet's way out of a publisher: `media` → `packetize` → `client::publisher`. Invariant: a clip's
//! first frame is a keyframe, and frame n needs frame n - 1 and nothing else.

mod annexb;
mod ivf;
pub mod mark;
mod obu;
mod ogg;

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

pub use annexb::{NAL_AUD, NAL_IDR, NAL_PPS, NAL_SEI, NAL_SPS, join_nals, nal_type, split_joined};
pub use ivf::is_vp9_keyframe;
pub(crate) use obu::leb128;
pub use obu::{OBU_SEQUENCE_HEADER, obu_type};

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628, profile 0.
    Vp9,
    /// RTP Payload Format For AV1 (Alliance for Open Media), profile 0, without dependency descriptor.
    Av1,
    /// RFC 6184, constrained baseline, packetization-mode 1.
    H264,
    /// RFC 7587.
    #[value(skip)]
    Opus,
}

impl Codec {
    /// RTP clock, Hz.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Vp8 | Self::Vp9 | Self::Av1 | Self::H264 => 90_000,
            Self::Opus => 48_000,
        }
    }

    /// Time between two frames of the loops in ticks of the RTP clock.
    pub const fn frame_ticks(self) -> u32 {
        match self {
            Self::Vp8 | Self::Vp9 | Self::Av1 | Self::H264 => 3_000,
            Self::Opus => 960,
        }
    }

    /// Whether frames depend on earlier ones, so that a stream must start with a keyframe.
    pub const fn is_video(self) -> bool {
        match self {
            Self::Vp8 | Self::Vp9 | Self::Av1 | Self::H264 => true,
            Self::Opus => false,
        }
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::H264 => "H264",
            Self::Opus => "Opus",
        })
    }
}

/// Which of the committed loops to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ClipSize {
    /// 160×90 at about 120 kbit/s: one packet a frame, the keyframe too.
    Tiny,
    /// 320×180 at about 300 kbit/s: two packets a frame.
    Small,
    /// 640×360 at about 2.5 Mbit/s: nine or ten packets a frame.
    #[default]
    Large,
    /// All three at once, of VP8 and H264; of who does not know simulcast the large one.
    Simulcast,
}

/// A loop's file is not what its container promises.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MediaError {
    /// The file ends inside a structure.
    #[error("{container} ends inside {what}")]
    Truncated { container: &'static str, what: &'static str },
    /// A signature or field has a value that does not belong there.
    #[error("{container}: {what}")]
    Malformed { container: &'static str, what: &'static str },
    /// A loop must begin with a keyframe, or no viewer could ever start.
    #[error("the loop's first frame is not a keyframe")]
    NoKeyframe,
}

/// One encoded frame: VP8 or VP9 frame, Opus packet, or an H264 access unit as NAL units, an AV1 temporal unit as OBUs with
/// 32-bit lengths ahead ([`join_nals`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub body: Bytes,
    pub keyframe: bool,
}

/// A loop of encoded frames at a constant rate.
#[derive(Clone, Debug)]
pub struct Clip {
    codec: Codec,
    frames: Vec<Frame>,
}

const VP8_LARGE: &[u8] = include_bytes!("../../media/large.ivf");
const VP8_SMALL: &[u8] = include_bytes!("../../media/small.ivf");
const VP8_TINY: &[u8] = include_bytes!("../../media/tiny.ivf");
const VP9: &[u8] = include_bytes!("../../media/vp9.ivf");
const AV1: &[u8] = include_bytes!("../../media/av1.ivf");
const H264_LARGE: &[u8] = include_bytes!("../../media/large.h264");
const H264_SMALL: &[u8] = include_bytes!("../../media/small.h264");
const H264_TINY: &[u8] = include_bytes!("../../media/tiny.h264");
const TONE: &[u8] = include_bytes!("../../media/tone.ogg");

impl Clip {
    /// The committed loop of `codec`; VP9, AV1 and Opus have one size.
    pub fn embedded(codec: Codec, size: ClipSize) -> Result<Self, MediaError> {
        match (codec, size) {
            (Codec::Vp8, ClipSize::Large | ClipSize::Simulcast) => Self::new(codec, ivf::frames(codec, VP8_LARGE)?),
            (Codec::Vp8, ClipSize::Small) => Self::new(codec, ivf::frames(codec, VP8_SMALL)?),
            (Codec::Vp8, ClipSize::Tiny) => Self::new(codec, ivf::frames(codec, VP8_TINY)?),
            (Codec::Vp9, _) => Self::new(codec, ivf::frames(codec, VP9)?),
            (Codec::Av1, _) => Self::new(codec, ivf::frames(codec, AV1)?),
            (Codec::H264, ClipSize::Large | ClipSize::Simulcast) => Self::new(codec, annexb::access_units(H264_LARGE)?),
            (Codec::H264, ClipSize::Small) => Self::new(codec, annexb::access_units(H264_SMALL)?),
            (Codec::H264, ClipSize::Tiny) => Self::new(codec, annexb::access_units(H264_TINY)?),
            (Codec::Opus, _) => Self::new(codec, ogg::packets(TONE)?),
        }
    }

    /// A loop of the caller's frames.
    ///
    /// # Errors
    /// [`MediaError::NoKeyframe`] when a viewer could not start at the first frame.
    pub fn new(codec: Codec, frames: Vec<Frame>) -> Result<Self, MediaError> {
        match frames.first() {
            Some(frame) if frame.keyframe => Ok(Self { codec, frames }),
            _ => Err(MediaError::NoKeyframe),
        }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Frames per loop, at least one.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Always false; a clip has at least its keyframe.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frame `index` of the loop.
    pub fn frame(&self, index: u16) -> Option<&Frame> {
        self.frames.get(usize::from(index))
    }

    /// The index after `index`, back at the keyframe after the last.
    pub fn next_index(&self, index: u16) -> u16 {
        let next = index.wrapping_add(1);
        if usize::from(next) < self.frames.len() { next } else { 0 }
    }

    /// Time between two frames.
    pub const fn frame_interval(&self) -> Duration {
        match self.codec {
            Codec::Vp8 | Codec::Vp9 | Codec::Av1 | Codec::H264 => Duration::from_nanos(1_000_000_000 / 30),
            Codec::Opus => Duration::from_millis(20),
        }
    }

    /// Time between two frames in ticks of the RTP clock.
    pub const fn frame_ticks(&self) -> u32 {
        self.codec.frame_ticks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_loops_have_the_promised_shape() {
        for (codec, size, frames, mean_bytes) in [
            (Codec::Vp8, ClipSize::Large, 90, 9_000..11_500),
            (Codec::Vp8, ClipSize::Small, 60, 1_000..1_500),
            (Codec::Vp8, ClipSize::Tiny, 60, 450..600),
            (Codec::H264, ClipSize::Large, 90, 9_000..11_500),
            (Codec::H264, ClipSize::Small, 60, 1_000..1_500),
            (Codec::H264, ClipSize::Tiny, 60, 300..600),
            (Codec::Vp9, ClipSize::Small, 60, 700..1_000),
            (Codec::Av1, ClipSize::Small, 60, 1_000..1_500),
            (Codec::Opus, ClipSize::Small, 150, 60..200),
        ] {
            let clip = Clip::embedded(codec, size).unwrap();
            assert!((frames..=frames + 1).contains(&clip.len()), "{codec} {size:?}: {} frames", clip.len());
            let mean = clip.frames.iter().map(|frame| frame.body.len()).sum::<usize>() / clip.len();
            assert!(mean_bytes.contains(&mean), "{codec} {size:?}: {mean} bytes a frame");
            let keyframes = clip.frames.iter().filter(|frame| frame.keyframe).count();
            assert_eq!(keyframes, if codec.is_video() { 1 } else { clip.len() }, "{codec} {size:?}");
        }
    }

    #[test]
    fn a_loop_that_no_viewer_could_start_is_refused() {
        let frame = Frame { body: Bytes::from_static(b"x"), keyframe: false };
        assert_eq!(Clip::new(Codec::Vp8, vec![frame]).unwrap_err(), MediaError::NoKeyframe);
        assert_eq!(Clip::new(Codec::Vp8, vec![]).unwrap_err(), MediaError::NoKeyframe);
    }
}
