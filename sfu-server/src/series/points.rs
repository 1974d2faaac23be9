//! What is known of a second, packed.

/// What is not known, or not limited.
const NONE: u64 = u64::MAX;
const NONE_SMALL: u32 = u32::MAX;

/// A rate, a limit, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wide(u64);

/// A rate of a transport or a slot: up to 34 Gbit/s, to within 8 bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrow(u32);

/// A place in a table of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u8);

impl Wide {
    pub fn of(bps: Option<u64>) -> Self {
        Self(bps.unwrap_or(NONE))
    }

    pub fn bps(self) -> Option<u64> {
        (self.0 != NONE).then_some(self.0)
    }
}

impl Narrow {
    pub fn of(bps: Option<u64>) -> Self {
        let eighths = |bps: u64| u32::try_from(bps.saturating_add(4) / 8).unwrap_or(NONE_SMALL).min(NONE_SMALL - 1);
        Self(bps.map_or(NONE_SMALL, eighths))
    }

    pub fn bps(self) -> Option<u64> {
        (self.0 != NONE_SMALL).then(|| u64::from(self.0) * 8)
    }
}

impl Place {
    pub fn of(place: Option<usize>) -> Self {
        Self(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX))
    }

    pub fn place(self) -> Option<usize> {
        (self.0 != u8::MAX).then_some(usize::from(self.0))
    }
}

impl Default for Wide {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Default for Narrow {
    fn default() -> Self {
        Self(NONE_SMALL)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self(u8::MAX)
    }
}

/// A room's second; sums over its transports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoomPoint {
    /// How many transports were connected; 0 where nothing is known.
    pub transports: u32,
    pub egress_max: Wide,
    pub allotted: Wide,
    pub sent: Wide,
    pub received: Wide,
}

/// A transport's second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransportPoint {
    pub cap: Wide,
    pub estimate: Narrow,
    pub allotted: Narrow,
    pub sent: Narrow,
    pub received: Narrow,
}

/// A slot's second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SlotPoint {
    pub allotted: Narrow,
    pub sent: Narrow,
    pub key_frames: Narrow,
    pub current: Place,
    pub target: Place,
}
