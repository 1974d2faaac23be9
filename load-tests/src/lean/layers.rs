//! Whether a slot shows the encoding that fits the height asked for: the smallest that is as high, else the highest there is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a switch may take from the server's consent on: a keyframe is waited for, and requests for one are throttled.
pub const SWITCH_MAX: Duration = Duration::from_secs(3);
/// Switches whose time is kept of one slot.
const SWITCHES_MAX: usize = 1_000;

/// The height that a viewer asked for one of its slots; told by its signalling, read by its judge.
#[derive(Debug)]
pub struct Asked {
    /// Of each encoding, smallest first.
    heights: &'static [u16],
    base: Instant,
    /// Microseconds since `base` when it was asked for, and in the low 16 bits the height; 0 is never.
    packed: AtomicU64,
}

impl Asked {
    pub fn new(heights: &'static [u16]) -> Self {
        Self { heights, base: Instant::now(), packed: AtomicU64::new(0) }
    }

    /// The server consented to this height at `now`.
    pub fn ask(&self, now: Instant, height: u16) {
        let micros = u64::try_from(now.saturating_duration_since(self.base).as_micros()).unwrap_or(0);
        self.packed.store((micros << 16) | u64::from(height), Ordering::Release);
    }

    /// The encoding that fits, and when it was asked for.
    fn fitting(&self) -> Option<(u8, Instant)> {
        let packed = self.packed.load(Ordering::Acquire);
        let [.., high, low] = packed.to_be_bytes();
        let height = u16::from_be_bytes([high, low]);
        let last = self.heights.len().checked_sub(1)?;
        let fits = self.heights.iter().position(|of| *of >= height).unwrap_or(last);
        let at = self.base + Duration::from_micros(packed >> 16);
        u8::try_from(fits).ok().filter(|_| packed != 0).map(|fits| (fits, at))
    }
}

/// What was shown, frame by frame.
#[derive(Debug, Default)]
pub struct LayerWatch {
    /// The latest asking that was followed, and what was shown just before it.
    followed: Option<Instant>,
    shown: Option<u8>,
    /// From the asking to the first frame of another encoding than before, µs.
    pub switches_us: Vec<u64>,
}

impl LayerWatch {
    /// Takes a frame of `encoding` that came at `now`; whether it may be shown.
    pub fn on_frame(&mut self, now: Instant, encoding: u8, asked: &Asked) -> bool {
        let before = self.shown.replace(encoding);
        let Some((fitting, at)) = asked.fitting() else { return true };
        if encoding == fitting {
            if self.followed != Some(at) && before.is_some_and(|before| before != encoding) {
                let micros = u64::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(u64::MAX);
                if self.switches_us.len() < SWITCHES_MAX {
                    self.switches_us.push(micros);
                }
            }
            self.followed = Some(at);
            return true;
        }
        now.saturating_duration_since(at) <= SWITCH_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_encoding_that_is_high_enough_fits_and_a_switch_has_its_time() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let asked = Asked::new(&[90, 180, 360]);
        let mut watch = LayerWatch::default();
        assert!(watch.on_frame(start, 2, &asked), "nothing was asked for");
        for (height, fitting) in [(1, 0), (90, 0), (91, 1), (180, 1), (360, 2), (1_080, 2)] {
            asked.ask(after(10), height);
            assert_eq!(asked.fitting().map(|(fits, _)| fits), Some(fitting), "{height}");
        }
        asked.ask(after(1_000), 90);
        assert!(watch.on_frame(after(1_500), 2, &asked), "there is time");
        assert!(watch.on_frame(after(1_600), 0, &asked));
        assert!(watch.on_frame(after(9_000), 0, &asked));
        let switch = watch.switches_us[0];
        assert!((599_000..=601_000).contains(&switch) && watch.switches_us.len() == 1, "{:?}", watch.switches_us);
        assert!(!watch.on_frame(after(9_100), 1, &asked), "nobody asked for it");
        asked.ask(after(10_000), 360);
        assert!(!watch.on_frame(after(14_000), 0, &asked), "the switch never came");
    }
}
