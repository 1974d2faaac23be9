//! Which of the formats that a slot agreed to a packet goes out in.

use crate::codec::Codec;
use crate::sdp::NegotiatedCodec;

/// What a slot agreed to.
#[derive(Debug)]
pub(super) struct Formats {
    agreed: Vec<NegotiatedCodec>,
    /// The last answer: packets of one codec follow each other.
    known: Option<(Codec, NegotiatedCodec)>,
}

impl Formats {
    pub(super) fn new(agreed: Vec<NegotiatedCodec>) -> Self {
        Self { agreed, known: None }
    }

    /// The agreed format for a codec: the same, else one whose decoder understands it. RED goes to those without it as the
    /// Opus inside.
    pub(super) fn find(&self, codec: Codec) -> Option<NegotiatedCodec> {
        let find = |wanted: Codec| {
            let same = self.agreed.iter().find(|agreed| agreed.codec == wanted);
            same.or_else(|| self.agreed.iter().find(|agreed| wanted.is_understood_by(agreed.codec)))
        };
        find(codec).or_else(|| if codec == Codec::Red { find(Codec::Opus) } else { None }).copied()
    }

    /// The payload type of repeats of whatever was agreed first with one.
    pub(super) fn of_repeats(&self) -> Option<NegotiatedCodec> {
        self.agreed.iter().find(|agreed| agreed.rtx.is_some()).copied()
    }

    /// The same, for the next packet.
    pub(super) fn of_next(&mut self, codec: Codec) -> Option<NegotiatedCodec> {
        if let Some((known, format)) = self.known
            && known == codec
        {
            return Some(format);
        }
        let format = self.find(codec)?;
        self.known = Some((codec, format));
        Some(format)
    }
}
