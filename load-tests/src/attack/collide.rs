//! Publishers that call their streams alike, in one room and in two: SSRCs, MIDs and ICE fragments are the same, and nobody
//! may be shown another's picture.

use std::time::Duration;

use super::puppet::{Puppet, Strings, leave, play};
use super::report::{float, size};
use super::{AttackError, AttackReport, Target};
use crate::media::ClipSize;
use crate::scenario::Plan;

/// How long all may take to see a first picture.
const WATCHING_MAX: Duration = Duration::from_secs(15);

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct CollidePlan {
    pub seconds: u32,
    pub rooms: u16,
    /// Of each room.
    pub publishers: u16,
}

/// Publishes under the same names in `target`'s rooms, and watches each publisher.
pub async fn run(target: &Target, plan: &CollidePlan) -> Result<AttackReport, AttackError> {
    let strings = Strings::new(target, ClipSize::Small)?;
    let (mut puppets, mut tags) = (Vec::new(), Vec::new());
    for room in 0..plan.rooms {
        for publisher in 0..plan.publishers {
            let tag = Plan::video_tag(room, publisher);
            // One seed for all: SSRCs, sequence numbers and timestamps are the same.
            let camera = strings.camera(tag, target.seed);
            puppets.push(strings.publish(&strings.room("collide", room), &format!("p{publisher}"), camera).await?);
            tags.push(tag);
        }
    }
    let publishers = puppets.len();
    if !play(&mut puppets, WATCHING_MAX, |puppets| puppets.iter().all(Puppet::is_connected)).await {
        return Err(AttackError::Late("every publisher's connection"));
    }
    for room in 0..plan.rooms {
        for publisher in 0..plan.publishers {
            let tag = Plan::video_tag(room, publisher);
            let name = strings.room("collide", room);
            puppets.push(strings.watch(&name, &format!("p{publisher}"), tag).await?);
        }
    }
    let watching = |puppets: &[Puppet]| puppets.iter().skip(publishers).all(|viewer| !viewer.seen().is_empty());
    play(&mut puppets, WATCHING_MAX, watching).await;
    play(&mut puppets, Duration::from_secs(u64::from(plan.seconds)), |_| false).await;

    let mut report = AttackReport::new("collide");
    report.figure("publishers with the same SSRCs and MIDs", size(publishers), "");
    let (mut frames, mut foreign, mut blind) = (0, 0, 0_usize);
    for (viewer, tag) in puppets.iter().skip(publishers).zip(&tags) {
        let own = viewer.seen().get(tag).copied().unwrap_or(0);
        frames += own;
        foreign += viewer.seen().values().sum::<u64>() - own;
        blind += usize::from(own == 0);
        let faults = viewer.slot().map(|slot| (slot.faults, slot.examples));
        if let Some((faults, examples)) = faults.filter(|(faults, _)| !faults.is_empty()) {
            report.fail(format!("who watches {tag:?}: {faults:?}; {examples:?}"));
        }
    }
    report.figure("frames of whom they were asked of", float(frames), "");
    report.bar("frames of somebody else", float(foreign), 0.0, "");
    let strays: u64 = puppets.iter().map(|puppet| puppet.counts().strays).sum();
    report.bar("packets of streams that were not asked for", float(strays), 0.0, "");
    report.bar("viewers that saw nothing", size(blind), 0.0, "");
    leave(puppets, target, &mut report).await;
    Ok(report)
}
