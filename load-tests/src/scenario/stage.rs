//! Brings publishers, then viewers on, a few at a time, and takes them off again.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::report::ViewerFinding;
use crate::client::{
    Cast, ClientError, CountersSnapshot, Judging, PublishedTrack, Publisher, PublisherOptions, Server, Viewer,
    ViewerOptions, Watched,
};
use crate::media::{Clip, Codec};
use crate::verify::DEFAULT_PATIENCE;

/// Clients that join at the same time: enough to be quick, few enough that handshakes do not starve media.
const JOINING_AT_ONCE: usize = 8;
/// How often the progress bar moves.
const PROGRESS_STEP: Duration = Duration::from_millis(200);

/// A viewer without a frame by then will not get one.
const FIRST_FRAME_MAX: Duration = Duration::from_secs(5);

/// Where a run says how far it is.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Draws on the terminal's error stream, and nowhere if that is no terminal.
    pub fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    fn begin(&self, what: &'static str, steps: u64) {
        self.bar.reset();
        self.bar.set_message(what);
        self.bar.set_length(steps);
    }

    fn step(&self) {
        self.bar.inc(1);
    }

    /// Waits for `duration` or until `stop`.
    pub async fn playing(&self, duration: Duration, stop: &CancellationToken) {
        let steps = u64::try_from(duration.as_millis() / PROGRESS_STEP.as_millis()).unwrap_or(u64::MAX);
        self.begin("playing", steps);
        let end = tokio::time::Instant::now() + duration;
        let tick = async {
            while tokio::time::Instant::now() < end {
                tokio::time::sleep_until(end.min(tokio::time::Instant::now() + PROGRESS_STEP)).await;
                self.step();
            }
        };
        tokio::select! {
            () = tick => {}
            () = stop.cancelled() => {}
        }
        self.bar.finish_and_clear();
    }
}

/// Everybody who joined.
#[derive(Debug)]
pub struct Stage {
    pub cast: Cast,
    pub publishers: Vec<Publisher>,
    pub viewers: Vec<StagedViewer>,
    plan: Plan,
}

/// A viewer and where it sits.
#[derive(Debug)]
pub struct StagedViewer {
    pub room: u16,
    pub number: u16,
    pub judged: bool,
    pub viewer: Viewer,
}

impl Stage {
    /// Everybody joins: first those who publish, then those who watch.
    pub async fn set(
        server: &Server,
        plan: &Plan,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Self, ClientError> {
        let mut stage = Self { cast: Cast::default(), publishers: Vec::new(), viewers: Vec::new(), plan: plan.clone() };
        stage.bring_publishers(server, progress, stop).await?;
        stage.bring_viewers(server, progress, stop).await?;
        Ok(stage)
    }

    async fn bring_publishers(
        &mut self,
        server: &Server,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<(), ClientError> {
        progress.begin("publishers join", u64::from(self.plan.all_publishers()));
        let video = Arc::new(Clip::embedded(self.plan.codec, self.plan.clip)?);
        let audio = Arc::new(Clip::embedded(Codec::Opus, self.plan.clip)?);
        let mut all = Vec::new();
        for (room, publisher) in pairs(self.plan.rooms, self.plan.publishers) {
            let mut tracks = vec![PublishedTrack::new(Plan::video_tag(room, publisher), Arc::clone(&video))];
            if self.plan.audio {
                tracks.push(PublishedTrack::new(Plan::audio_tag(room, publisher), Arc::clone(&audio)));
            }
            let tracks: Vec<_> = tracks.into_iter().map(Arc::new).collect();
            tracks.iter().for_each(|track| self.cast.join(Arc::clone(track)));
            all.push(self.publisher_options(room, publisher, tracks, video.frame_interval()));
        }
        let mut joining = stream::iter(all)
            .take_until(Box::pin(stop.cancelled()))
            .map(|options| Publisher::start(server, options))
            .buffer_unordered(JOINING_AT_ONCE);
        while let Some(joined) = joining.next().await {
            self.publishers.push(joined?);
            progress.step();
        }
        Ok(())
    }

    async fn bring_viewers(
        &mut self,
        server: &Server,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<(), ClientError> {
        progress.begin("viewers join", u64::from(self.plan.viewers()));
        let cast = self.cast.clone();
        let seats = pairs(self.plan.rooms, self.plan.subscribers).map(|(room, number)| {
            let judged = number < self.plan.judged;
            (room, number, judged, self.viewer_options(room, judged))
        });
        let seats: Vec<_> = seats.collect();
        let mut joining = stream::iter(seats)
            .take_until(Box::pin(stop.cancelled()))
            .map(|(room, number, judged, options)| {
                let cast = &cast;
                async move {
                    let viewer = Viewer::start(server, cast, options).await?;
                    Ok::<_, ClientError>(StagedViewer { room, number, judged, viewer })
                }
            })
            .buffer_unordered(JOINING_AT_ONCE);
        while let Some(joined) = joining.next().await {
            self.viewers.push(joined?);
            progress.step();
        }
        self.viewers.sort_by_key(|staged| (staged.room, staged.number));
        Ok(())
    }

    fn publisher_options(
        &self,
        room: u16,
        publisher: u16,
        tracks: Vec<Arc<PublishedTrack>>,
        interval: Duration,
    ) -> PublisherOptions {
        let order = u32::from(room) * u32::from(self.plan.publishers) + u32::from(publisher);
        PublisherOptions {
            room: self.plan.room_name(room),
            identity: Plan::identity(publisher),
            tracks,
            bind: self.plan.bind.clone(),
            seed: self.plan.seed.wrapping_add(u64::from(order)),
            phase: interval * order / self.plan.all_publishers().max(1),
            connect_patience: self.plan.connect_patience,
            relay_port: self.plan.relay_port,
        }
    }

    fn viewer_options(&self, room: u16, judged: bool) -> ViewerOptions {
        // Without publishers a viewer still offers a slot and waits.
        let watch = (0..self.plan.publishers.max(1)).map(|publisher| Watched {
            identity: Plan::identity(publisher),
            video: Plan::video_tag(room, publisher),
            audio: self.plan.audio.then(|| Plan::audio_tag(room, publisher)),
        });
        ViewerOptions {
            room: self.plan.room_name(room),
            watch: watch.collect(),
            video: self.plan.codec,
            bind: self.plan.bind.clone(),
            judging: if judged { Judging::Full { patience: DEFAULT_PATIENCE } } else { Judging::Count },
            connect_patience: self.plan.connect_patience,
            relay_port: self.plan.relay_port,
        }
    }

    /// What all viewers' wires saw so far.
    pub fn received(&self) -> CountersSnapshot {
        self.viewers
            .iter()
            .fold(CountersSnapshot::default(), |sum, staged| sum.plus(staged.viewer.counters().snapshot()))
    }

    /// What all publishers' wires saw so far.
    pub fn sent(&self) -> CountersSnapshot {
        self.publishers
            .iter()
            .fold(CountersSnapshot::default(), |sum, publisher| sum.plus(publisher.counters().snapshot()))
    }

    /// Waits until every judged viewer sees something; who never does is found out at the end.
    pub async fn first_frames(&self, stop: &CancellationToken) {
        let judged = self.viewers.iter().filter(|staged| staged.judged);
        let seen = futures::future::join_all(judged.map(|staged| staged.viewer.saw(1, FIRST_FRAME_MAX)));
        stop.run_until_cancelled(seen).await;
    }

    pub fn publishers_per_room(&self) -> u16 {
        self.plan.publishers
    }

    /// Everybody leaves, viewers first; what they found.
    pub async fn clear(self) -> Vec<ViewerFinding> {
        let viewers = stream::iter(self.viewers)
            .map(|staged| async move {
                let StagedViewer { room, number, judged, viewer } = staged;
                let (report, ended) = viewer.stop().await;
                ViewerFinding { room, number, judged, report, farewell: ended.err().map(|error| error.to_string()) }
            })
            .buffered(JOINING_AT_ONCE);
        let findings = viewers.collect().await;
        let publishers = stream::iter(self.publishers).map(Publisher::stop).buffer_unordered(JOINING_AT_ONCE);
        let farewells: Vec<_> = publishers.collect().await;
        for error in farewells.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "a publisher's session did not end as it should");
        }
        findings
    }
}

fn pairs(rooms: u16, each: u16) -> impl Iterator<Item = (u16, u16)> {
    (0..rooms).flat_map(move |room| (0..each).map(move |number| (room, number)))
}
