//! Header extensions in their one-byte and two-byte forms (RFC 8285 §4.2, §4.3).

/// How the elements of a packet's extension block are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionForm {
    /// Ids 1 to 14, 1 to 16 bytes each.
    OneByte,
    /// Ids 1 to 255, 0 to 255 bytes each; only where `a=extmap-allow-mixed` was agreed.
    TwoByte,
}

const ONE_BYTE_PROFILE: u16 = 0xbede;
const TWO_BYTE_PROFILE: u16 = 0x1000;
/// The low four bits of the two-byte profile are application bits.
const TWO_BYTE_MASK: u16 = 0xfff0;
/// The one-byte id that ends parsing (RFC 8285 §4.2).
const ONE_BYTE_STOP: u8 = 15;

/// The extension block of a packet; unknown profiles read as empty.
#[derive(Debug, Clone, Copy)]
pub struct Extensions<'a> {
    form: ExtensionForm,
    bytes: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// No extensions.
    pub const EMPTY: Extensions<'static> = Extensions { form: ExtensionForm::OneByte, bytes: &[] };

    /// Splits a block off the front of what follows the CSRCs; `None` if its length lies.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[p0, p1, l0, l1], rest) = bytes.split_first_chunk()?;
        let (block, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])) * 4)?;
        let extensions = match u16::from_be_bytes([p0, p1]) {
            ONE_BYTE_PROFILE => Self { form: ExtensionForm::OneByte, bytes: block },
            profile if profile & TWO_BYTE_MASK == TWO_BYTE_PROFILE => {
                Self { form: ExtensionForm::TwoByte, bytes: block }
            }
            _ => Self::EMPTY,
        };
        Some((extensions, rest))
    }

    /// The elements in order; stops at the first whose length lies.
    pub fn iter(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            loop {
                let (&first, after) = rest.split_first()?;
                if first == 0 {
                    rest = after;
                    continue;
                }
                let (id, length, after) = match self.form {
                    ExtensionForm::OneByte if first >> 4 == ONE_BYTE_STOP => return None,
                    ExtensionForm::OneByte => (first >> 4, usize::from(first & 0x0f) + 1, after),
                    ExtensionForm::TwoByte => {
                        let (&length, after) = after.split_first()?;
                        (first, usize::from(length), after)
                    }
                };
                let (value, after) = after.split_at_checked(length)?;
                rest = after;
                return Some((id, value));
            }
        })
    }

    /// The first element with this id.
    pub fn get(self, id: u8) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == id).map(|(_, value)| value)
    }
}

/// Appends an extension block to a packet whose fixed header (with the X bit) is written.
#[derive(Debug)]
pub struct ExtensionsWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    form: ExtensionForm,
}

impl<'a> ExtensionsWriter<'a> {
    /// Begins a block at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, form: ExtensionForm) -> Self {
        let start = out.len();
        let profile = match form {
            ExtensionForm::OneByte => ONE_BYTE_PROFILE,
            ExtensionForm::TwoByte => TWO_BYTE_PROFILE,
        };
        out.extend_from_slice(&profile.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        Self { out, start, form }
    }

    /// Appends one element; what its form cannot hold is left out.
    // Where the length is known, copying two bytes is no call.
    #[inline]
    pub fn put(&mut self, id: u8, value: &[u8]) {
        self.put_with(id, value, |_| {});
    }

    /// Like `put`, with a last change to the value where it lies in the packet.
    #[inline]
    pub fn put_with(&mut self, id: u8, value: &[u8], change: impl FnOnce(&mut [u8])) {
        let Ok(length) = u8::try_from(value.len()) else { return };
        match self.form {
            ExtensionForm::OneByte => {
                if !(1..ONE_BYTE_STOP).contains(&id) || !(1..=16).contains(&length) {
                    return;
                }
                self.out.push(id << 4 | (length - 1));
            }
            ExtensionForm::TwoByte => self.out.extend_from_slice(&[id, length]),
        }
        let start = self.out.len();
        self.out.extend_from_slice(value);
        change(self.out.get_mut(start..).unwrap_or_default());
    }

    /// Pads the block to whole words and writes its length.
    pub fn finish(self) {
        let body = self.start + 4;
        while !(self.out.len() - body).is_multiple_of(4) {
            self.out.push(0);
        }
        let words = u16::try_from((self.out.len() - body) / 4).unwrap_or(u16::MAX);
        if let Some(length) = self.out.get_mut(self.start + 2..body) {
            length.copy_from_slice(&words.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(form: ExtensionForm, elements: &[(u8, Vec<u8>)]) -> Vec<(u8, Vec<u8>)> {
        let mut out = Vec::new();
        let mut writer = ExtensionsWriter::new(&mut out, form);
        for (id, value) in elements {
            writer.put(*id, value);
        }
        writer.finish();
        let (extensions, rest) = Extensions::parse(&out).unwrap();
        assert!(rest.is_empty());
        extensions.iter().map(|(id, value)| (id, value.to_vec())).collect()
    }

    proptest! {
        #[test]
        fn one_byte_elements_are_read_as_written(elements in proptest::collection::vec((1_u8..15, proptest::collection::vec(any::<u8>(), 1..17)), 0..8)) {
            prop_assert_eq!(round_trip(ExtensionForm::OneByte, &elements), elements);
        }

        #[test]
        fn two_byte_elements_are_read_as_written(elements in proptest::collection::vec((1_u8..=255, proptest::collection::vec(any::<u8>(), 0..200)), 0..4)) {
            prop_assert_eq!(round_trip(ExtensionForm::TwoByte, &elements), elements);
        }
    }

    #[test]
    fn what_one_byte_headers_cannot_hold_is_left_out() {
        assert!(round_trip(ExtensionForm::OneByte, &[(15, vec![1]), (3, vec![0; 17]), (2, vec![])]).is_empty());
    }
}
