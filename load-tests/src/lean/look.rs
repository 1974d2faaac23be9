//! How closely a receiving slot is looked at, and what is right on it.

use std::sync::Arc;

use super::layers::Asked;
use crate::verify::{ClipOf, Expected};

/// How closely a slot is looked at.
#[derive(Clone)]
pub enum Look {
    /// Every packet is authenticated, every frame compared with its publisher's.
    Judge { expected: Expected, clip_of: Arc<ClipOf> },
    /// So, and each frame's encoding is compared with what was asked for.
    Layout { expected: Expected, clip_of: Arc<ClipOf>, asked: Arc<Asked> },
    /// Headers of all packets are followed; the first one and one of `every` are authenticated, and must be whose they are to be
    /// where the mark is in them.
    Sample { every: u32, expected: Expected },
}

impl Look {
    /// Whether one publisher alone may be seen, and is compared.
    pub(super) const fn pins(&self) -> bool {
        matches!(
            self,
            Self::Judge { expected: Expected::Publisher(_), .. }
                | Self::Layout { expected: Expected::Publisher(_), .. }
        )
    }

    /// Where frames are compared, compares their encodings too.
    pub fn judge_layers(&mut self, asked: Arc<Asked>) {
        if let Self::Judge { expected, clip_of } = self {
            *self = Self::Layout { expected: *expected, clip_of: Arc::clone(clip_of), asked };
        }
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Judge { expected, .. } => f.debug_tuple("Judge").field(expected).finish(),
            Self::Layout { expected, asked, .. } => f.debug_tuple("Layout").field(expected).field(asked).finish(),
            Self::Sample { every, expected } => f.debug_tuple("Sample").field(every).field(expected).finish(),
        }
    }
}
