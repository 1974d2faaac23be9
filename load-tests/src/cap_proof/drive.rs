//! Carries out a script: brings on a crowd, sets caps step by step, and lets everybody go home with what they wrote down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::judge::{Evidence, judge};
use super::script::{Caps, Change, Step, Whom};
use super::{CapProofError, CapProofReport};
use crate::client::{ClientError, Server};
use crate::lean::{
    Crowd, CrowdOptions, Layouts, Live, Media, Offload, Publishers, Rooms, Session, Shape, Shows, Told, Verify,
};
use crate::media::{ClipSize, Codec};

/// Who is seen and heard: two pictures compete for what a viewer may be sent.
const PUBLISHERS: u16 = 2;
/// Longer than any script, whose end is the end of what is measured.
const LONG: Duration = Duration::from_secs(24 * 3_600);

/// What to prove.
#[derive(Clone, Debug)]
pub struct CapProofPlan {
    pub subscribers: u16,
    pub seed: u64,
    pub steps: Vec<Step>,
    /// Where clients' sockets are bound to reach the server, such as `127.0.0.1:0`.
    pub bind: String,
}

/// When a step was what it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When the first of its changes was asked for.
    pub asked: Instant,
    /// When the last of them was answered.
    pub answered: Instant,
    /// When the next step began.
    pub until: Instant,
}

/// Drives a room on `server` through the plan's steps, or until `stop`. Caps that were set are lifted in any case.
///
/// # Errors
/// When somebody could not come in, or a cap could not be set.
pub async fn run(
    server: &Server,
    plan: &CapProofPlan,
    live: &Live,
    stop: &CancellationToken,
) -> Result<CapProofReport, CapProofError> {
    let shape = shape(plan);
    let told = Told::default();
    // Each slot asks for the highest pictures: what else comes is the caps' doing.
    let layouts = Layouts { heights: &[], change_every: None };
    let rooms = Arc::new(Rooms::new(server.clone(), layouts).heard_by(told.clone()));
    let bind = plan.bind.clone();
    let options = CrowdOptions { threads: 1, bind, offload: Offload::On, server_pid: None };
    let mut crowd = Crowd::gather(rooms, &shape, &options)?;
    crowd.keep_diaries();
    live.begin("joining");
    crowd.publish(live, stop).await?;
    crowd.watch(live, stop).await;
    let viewers: Vec<String> = crowd.sessions().filter_map(participant).collect();
    let is_whole = viewers.len() == usize::from(plan.subscribers);
    let over = stop.child_token();
    let operator = Operator { server, room: shape.room_name(0), viewers: &viewers, live };
    let driven = async {
        let driven = if is_whole { operator.drive(&plan.steps, stop).await } else { Ok(Vec::new()) };
        over.cancel();
        driven
    };
    let (measured, driven) = tokio::join!(crowd.play(LONG, live, &over), driven);
    let (crowd, diaries) = crowd.leave_diaries(measured, stop.is_cancelled()).await;
    live.clear();
    if !is_whole {
        let why = crowd.failures.first().cloned().unwrap_or_default();
        return Err(CapProofError::Absent { joined: viewers.len(), wanted: plan.subscribers, why });
    }
    let held = driven?;
    if held.is_empty() {
        return Err(CapProofError::Stopped);
    }
    let said = told.take();
    Ok(judge(&Evidence { plan, shape: &shape, held: &held, viewers: &viewers, diaries: &diaries, said: &said, crowd }))
}

fn shape(plan: &CapProofPlan) -> Shape {
    Shape {
        name: "cap-proof",
        rooms: 1,
        publishers: PUBLISHERS,
        publishers_do: Publishers::Publish,
        subscribers: plan.subscribers,
        shows: Shows::Everybody,
        media: Media::Both,
        codec: Codec::Vp8,
        clip: ClipSize::Simulcast,
        seed: plan.seed,
        seconds: LONG.as_secs(),
        ramp_seconds: 1,
        verify: Verify::All,
    }
}

/// The identity of who has a seat in a room; who publishes by WHIP has none.
pub(super) fn participant(session: &Session) -> Option<String> {
    session.0.fragment().map(str::to_owned)
}

/// Who sets caps.
struct Operator<'a> {
    server: &'a Server,
    room: String,
    viewers: &'a [String],
    live: &'a Live,
}

impl Operator<'_> {
    /// Each step in turn; when each was in force.
    async fn drive(&self, steps: &[Step], stop: &CancellationToken) -> Result<Vec<Held>, ClientError> {
        let (mut held, mut caps) = (Vec::<Held>::with_capacity(steps.len()), Caps::default());
        let mut outcome = Ok(());
        for (number, step) in steps.iter().enumerate() {
            if stop.is_cancelled() {
                break;
            }
            self.live.begin(&format!("{}/{} {}", number + 1, steps.len(), words(&step.changes)));
            let asked = Instant::now();
            if let Some(last) = held.last_mut() {
                last.until = asked;
            }
            step.changes.iter().for_each(|change| caps.set(*change));
            outcome = self.set(&step.changes).await;
            if outcome.is_err() {
                break;
            }
            let answered = Instant::now();
            stop.run_until_cancelled(tokio::time::sleep(step.time)).await;
            held.push(Held { asked, answered, until: Instant::now() });
        }
        // A server that is somebody's is left as it was; one that does not answer any more has told so before.
        let lifted = self.set(&caps.lifted()).await;
        outcome.and(lifted).map(|()| held)
    }

    async fn set(&self, changes: &[Change]) -> Result<(), ClientError> {
        for change in changes {
            let room = ["api", "v1", "rooms", self.room.as_str()];
            let path = match change.whom {
                Whom::Room => room.to_vec(),
                Whom::Viewer(viewer) => {
                    let identity = self.viewers.get(viewer).map(String::as_str).unwrap_or_default();
                    [&room[..], &["participants", identity]].concat()
                }
            };
            self.server.patch(&path, &change.body()).await?;
        }
        Ok(())
    }
}

/// What a step does, for people.
pub(super) fn words(changes: &[Change]) -> String {
    match changes {
        [] => "nothing is limited".to_owned(),
        _ => changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
