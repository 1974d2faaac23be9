//! What an operator allows, out of a program's bytes.

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::Command;
use sfu_core::id::{Identity, RequestId, RoomName};

use super::input::Input;

/// A change of what a room or somebody in it may have.
pub fn change(input: &mut Input<'_>, rooms: &[&str], identities: &[&str]) -> Command {
    let request = RequestId(0);
    let room = RoomName::new(input.choose(rooms)).unwrap();
    match input.byte() % 4 {
        0 => Command::UncapRoom { request, room },
        1 => {
            let identity = Identity::new(input.choose(identities)).unwrap();
            Command::CapParticipant { request, room, identity, caps: caps(input) }
        }
        _ => {
            let caps = RoomCaps { participant: caps(input), room_egress_max_bps: bps(input) };
            Command::CapRoom { request, room, caps }
        }
    }
}

fn caps(input: &mut Input<'_>) -> Caps {
    Caps {
        publish_max_bps: bps(input),
        subscribe_max_bps: bps(input),
        video_max_height: (input.byte() & 1 != 0).then(|| input.word()),
    }
}

/// None, nothing, anything a link may carry, or more than there is.
fn bps(input: &mut Input<'_>) -> Option<u64> {
    match input.byte() % 4 {
        0 => None,
        1 => Some(u64::from(input.word()) * 100),
        2 => Some(u64::from(input.word()) << (input.byte() % 48)),
        _ => Some(u64::MAX),
    }
}
