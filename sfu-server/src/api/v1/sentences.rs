//! What keeps a slot from more, in one plain sentence each.

use sfu_core::event::LimitedBy;
use sfu_core::id::MediaKind;
use sfu_core::why::{Reason, SlotWhy, Why};

use crate::units::rate;

/// The sentence of a slot.
pub fn of(why: &Why, slot: &SlotWhy) -> String {
    match slot.reason {
        Reason::Content if slot.status.kind == MediaKind::Audio => "Nothing limits this sound.".to_owned(),
        Reason::Content => "Nothing limits it: it is the best that its publisher sends.".to_owned(),
        Reason::Layout => layout(slot),
        Reason::Publisher => match slot.ladder.last() {
            Some(highest) => format!("Its publisher sends nothing higher than {} lines.", highest.height),
            None => "Its publisher sends nothing higher.".to_owned(),
        },
        Reason::Budget => format!("{} {}{}.", next(slot), not_in(why), more(slot, "would do")),
        Reason::Reserve => format!(
            "{} would just fit {} and be taken away again by the next movement{}.",
            next(slot),
            budget(why),
            more(slot, "are kept free for a step up"),
        ),
        Reason::Audio => {
            format!("Sounds alone take more than {}{}.", budget(why), more(slot, "would bring the picture back"))
        }
        Reason::Height => height(why, slot),
        Reason::AwaitingKeyframe => match slot.target.as_ref().and_then(|target| target.height) {
            Some(height) => format!("{height} lines were decided on, and begin with the publisher's next key frame."),
            None => "It begins with the publisher's next key frame.".to_owned(),
        },
        Reason::AwaitingMedia => "Its publisher has sent nothing yet that could be shown here.".to_owned(),
        Reason::Muted => "Its publisher has muted it.".to_owned(),
        Reason::Hidden => "The viewer's page does not show it now.".to_owned(),
        Reason::Empty => "The viewer's page has put nothing into this slot.".to_owned(),
        Reason::Connecting => "The viewer's connection is not up.".to_owned(),
        Reason::NoSuchTrack => "Nobody publishes what it is to show.".to_owned(),
        Reason::NoMutualCodec => "It comes in a format that the viewer did not agree to.".to_owned(),
    }
}

fn layout(slot: &SlotWhy) -> String {
    let highest = slot.ladder.last().map_or(0, |highest| highest.height);
    match slot.wanted {
        Some(sfu_core::bitrate::Wanted::Height(shown)) => {
            format!("The viewer's page shows it {shown} pixels high, which needs no more; {highest} lines are there.")
        }
        _ => "The viewer's page needs no more.".to_owned(),
    }
}

/// The next better pictures.
fn next(slot: &SlotWhy) -> String {
    let given = slot.target.as_ref().and_then(|target| target.height).filter(|_| slot.allotted_bps > 0);
    let above = |height: &u16| given.is_none_or(|given| *height > given);
    match slot.ladder.iter().map(|rung| rung.height).find(above) {
        Some(height) => format!("The picture of {height} lines"),
        None => "More".to_owned(),
    }
}

fn not_in(why: &Why) -> String {
    format!("does not fit {}", budget(why))
}

/// The budget, and whose limit it is.
fn budget(why: &Why) -> String {
    let bps = rate(why.sending.budget_bps.unwrap_or(0));
    match why.sending.limited_by {
        Some(LimitedBy::Link) => format!("what its viewer's link carries, by estimate {bps}"),
        Some(LimitedBy::RoomCap) => {
            let egress = why.room_egress_max_bps.map_or_else(String::new, |egress| format!(" of {}", rate(egress)));
            format!(
                "this participant's share of what the room may send, {bps}{egress} (the room's room_egress_max_bps)"
            )
        }
        Some(LimitedBy::Cap | LimitedBy::HeightCap) | None => {
            format!(
                "what this participant may be sent, {bps} ({} subscribe_max_bps)",
                whose(why.own_caps.subscribe_max_bps)
            )
        }
    }
}

fn whose<T>(own: Option<T>) -> &'static str {
    if own.is_some() { "its own" } else { "the room's" }
}

fn more(slot: &SlotWhy, would: &str) -> String {
    if slot.missing_bps == 0 { String::new() } else { format!("; {} more {would}", rate(slot.missing_bps)) }
}

fn height(why: &Why, slot: &SlotWhy) -> String {
    let cap = why.caps.video_max_height.unwrap_or(0);
    let whose = whose(why.own_caps.video_max_height);
    let next = slot.ladder.iter().map(|rung| rung.height).find(|height| *height > cap);
    let next = next.map_or_else(String::new, |next| format!("; the next picture has {next}"));
    let bits = more(slot, "would have to be allowed as well");
    format!("Pictures of more than {cap} lines are not allowed here ({whose} video_max_height){next}{bits}.")
}
