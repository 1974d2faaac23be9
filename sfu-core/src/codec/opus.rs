//! Opus: the table-of-contents byte (RFC 6716 §3.1) and silence by discontinuous transmission.

/// Payloads up to this many bytes carry no signal: a TOC byte and at most a frame count (RFC 6716 §2.1.9).
pub const DTX_BYTES_MAX: usize = 2;

/// The table-of-contents byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusToc {
    /// 0 to 31: mode, bandwidth and frame size (RFC 6716 table 2).
    pub config: u8,
    pub stereo: bool,
    /// Frame count code, 0 to 3.
    pub code: u8,
}

impl OpusToc {
    /// Length of one frame, 48 kHz samples.
    pub fn frame_samples(&self) -> u32 {
        match (self.config, self.config % 4) {
            (0..=11, 0) => 480,
            (0..=11, 1) => 960,
            (0..=11, 2) => 1_920,
            (0..=11, _) => 2_880,
            (12..=15, 0 | 2) => 480,
            (12..=15, _) => 960,
            (_, 0) => 120,
            (_, 1) => 240,
            (_, 2) => 480,
            _ => 960,
        }
    }
}

/// Reads the TOC; `None` for an empty payload.
pub fn parse(payload: &[u8]) -> Option<OpusToc> {
    let &toc = payload.first()?;
    Some(OpusToc { config: toc >> 3, stereo: toc & 0x04 != 0, code: toc & 0x03 })
}

/// Whether the payload says "silence goes on" and nothing else.
pub fn is_dtx(payload: &[u8]) -> bool {
    payload.len() <= DTX_BYTES_MAX
}
