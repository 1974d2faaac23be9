//! What an operator allows. Values only: who keeps them, and when they change, is the control plane's business.

/// What one participant may send and receive; `None`: whatever it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Caps {
    /// All that it publishes, bit/s of UDP payload, repeats and RTCP included.
    pub publish_max_bps: Option<u64>,
    /// All that it is sent, bit/s of UDP payload, repeats, padding and RTCP included.
    pub subscribe_max_bps: Option<u64>,
    /// The highest pictures that it is sent, pixels.
    pub video_max_height: Option<u16>,
}

impl Caps {
    /// A participant's own caps where it has any, else its room's.
    pub fn over(self, room: &Self) -> Self {
        Self {
            publish_max_bps: self.publish_max_bps.or(room.publish_max_bps),
            subscribe_max_bps: self.subscribe_max_bps.or(room.subscribe_max_bps),
            video_max_height: self.video_max_height.or(room.video_max_height),
        }
    }
}

/// What a room and everybody in it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RoomCaps {
    /// For each participant that has no caps of its own.
    pub participant: Caps,
    /// All that its participants are sent together, bit/s as in [`Caps::subscribe_max_bps`].
    pub room_egress_max_bps: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cap_of_a_participant_goes_before_its_rooms_be_it_lower_or_higher() {
        let room = Caps { publish_max_bps: Some(1), subscribe_max_bps: Some(2), video_max_height: None };
        let own = Caps { publish_max_bps: Some(3), subscribe_max_bps: None, video_max_height: Some(360) };
        let both = Caps { publish_max_bps: Some(3), subscribe_max_bps: Some(2), video_max_height: Some(360) };
        assert_eq!(own.over(&room), both);
        assert_eq!(Caps::default().over(&room), room);
    }
}
