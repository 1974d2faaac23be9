//! A circular byte store: packets side by side, the oldest given up for the newest, nothing allocated per packet.

/// Where a packet's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    len: usize,
}

impl Span {
    pub(super) fn len(self) -> usize {
        self.len
    }
}

/// The bytes. Invariant: live spans lie in allocation order from the oldest's start round to `tail`, and never overlap.
#[derive(Debug)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    tail: usize,
}

impl Arena {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity], tail: 0 }
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Finds room for `len` bytes without touching what lies from `oldest` on; `None` if the oldest must go first.
    pub(super) fn place(&self, len: usize, oldest: Option<Span>) -> Option<Span> {
        let capacity = self.bytes.len();
        let Some(oldest) = oldest else {
            return (len <= capacity).then_some(Span { start: 0, len });
        };
        if self.tail < oldest.start {
            return (self.tail + len < oldest.start).then_some(Span { start: self.tail, len });
        }
        if self.tail + len <= capacity {
            return Some(Span { start: self.tail, len });
        }
        (len < oldest.start).then_some(Span { start: 0, len })
    }

    /// Copies `parts`, in all as long as `span`, into a place found by `place`.
    pub(super) fn write(&mut self, span: Span, parts: [&[u8]; 2]) {
        let mut at = span.start;
        for part in parts {
            if let Some(room) = self.bytes.get_mut(at..at + part.len()) {
                room.copy_from_slice(part);
            }
            at += part.len();
        }
        debug_assert!(at == span.start + span.len, "wrote {} of {} bytes", at - span.start, span.len);
        self.tail = span.start + span.len;
    }

    pub(super) fn get(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.start + span.len).unwrap_or_default()
    }

    /// Moves everything that lives, oldest first, into a store of `capacity` bytes, which holds it.
    pub(super) fn resize<'s>(&mut self, capacity: usize, live: impl Iterator<Item = &'s mut Span>) {
        let mut moved_to = Self::with_capacity(capacity);
        for span in live {
            let moved = Span { start: moved_to.tail, len: span.len };
            moved_to.write(moved, [self.get(*span), &[]]);
            *span = moved;
        }
        *self = moved_to;
    }
}
