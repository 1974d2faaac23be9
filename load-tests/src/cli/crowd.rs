//! `sfu-load webinar | meeting | rooms | audio | storm`: the shapes of load that lean clients carry out, and the options they share.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, bind_towards};
use crate::client::Server;
use crate::lean::{
    self, CrowdOptions, Entrance, Layouts, Live, Media, Offload, Publishers, Rooms, Shape, Shows, Verify,
};
use crate::media::{ClipSize, Codec};
use crate::table;

/// Over how long viewers join where nothing else is said.
const RAMP_SECONDS: u64 = 2;
/// Slots of who only listens: as many as speak at once where people let each other finish.
const AUDIO_SLOTS: u16 = 3;

/// How viewers come in.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ViewersBy {
    Whep,
    Ws,
}

/// Who takes part; each shape has defaults of its own.
#[derive(Debug, Args)]
pub(super) struct Crowd {
    /// The server's HTTP address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Bearer token, where the server wants one.
    #[arg(long, env = "WHIP_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Rooms [default: 1; rooms: 50]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rooms: Option<u16>,
    /// Publishers of each room; in all shapes but the webinar they watch as well [default: webinar and storm 1, meeting 10, rooms 2, audio 100]
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=1000))]
    publishers: Option<u16>,
    /// Viewers of each room who publish nothing [default: webinar 100, storm 200, else 0]
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    subscribers: Option<u16>,
    /// How long to measure once everybody has joined, s.
    #[arg(long, default_value_t = 10)]
    duration: u64,
    /// Over how long the viewers join, s [default: 2; storm: 0]
    #[arg(long)]
    ramp: Option<u64>,
    /// Seeds SSRCs, counters and room names; the same seed makes the same run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Judge every packet of every viewer, or one viewer of 16 so and the others by headers and samples.
    #[arg(long, value_enum, default_value = "all")]
    verify: Verify,
    /// Threads that carry the viewers; publishers have one beside them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Receive one packet a call, as clients without UDP_GRO do.
    #[arg(long)]
    no_gro: bool,
    /// Viewers come by WHEP, or into rooms by the WebSocket, with layouts.
    #[arg(long, value_enum, default_value = "whep")]
    viewers_by: ViewersBy,
    /// Between two layouts of a viewer in a room, s: each asks, by the seed, for another height of each slot.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    layout_changes: Option<u64>,
    /// The server's process on this machine, to measure its CPU time for each packet.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What is published where there are pictures.
#[derive(Debug, Args)]
pub(super) struct Video {
    #[arg(long, value_enum, default_value = "vp8")]
    codec: Codec,
    /// Ten packets a frame at 640×360 and 2.5 Mbit/s, two at 320×180 and 300 kbit/s, one at 160×90 and 120 kbit/s, or all
    /// three as a simulcast (VP8 and H264).
    #[arg(long, value_enum, default_value = "large")]
    clip: ClipSize,
    /// Publish and watch Opus beside the video.
    #[arg(long)]
    audio: bool,
    /// Leave silence out, as Opus may.
    #[arg(long, requires = "audio")]
    pauses: bool,
}

/// A shape with pictures.
#[derive(Debug, Args)]
pub(super) struct Seen {
    #[command(flatten)]
    crowd: Crowd,
    #[command(flatten)]
    video: Video,
}

/// A shape without.
#[derive(Debug, Args)]
pub(super) struct Heard {
    #[command(flatten)]
    crowd: Crowd,
    /// Leave silence out, as Opus may.
    #[arg(long)]
    pauses: bool,
}

/// What a shape takes where the command line says nothing: rooms, publishers, subscribers.
type Defaults = (u16, u16, u16);

impl Seen {
    pub(super) async fn webinar(self, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let shape = self.shape("webinar", (1, 1, 100), Publishers::Publish);
        self.crowd.run(shape, stop).await
    }

    pub(super) async fn meeting(self, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let shape = self.shape("meeting", (1, 10, 0), Publishers::Meet);
        self.crowd.run(shape, stop).await
    }

    pub(super) async fn rooms(self, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let shape = self.shape("rooms", (50, 2, 0), Publishers::Meet);
        self.crowd.run(shape, stop).await
    }

    /// A webinar that everybody comes to at once.
    pub(super) async fn storm(self, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let ramp_seconds = self.crowd.ramp.unwrap_or(0);
        let shape = self.shape("storm", (1, 1, 200), Publishers::Publish);
        self.crowd.run(Shape { ramp_seconds, ..shape }, stop).await
    }

    fn shape(&self, name: &'static str, defaults: Defaults, publishers_do: Publishers) -> Shape {
        let media = match (self.video.audio, self.video.pauses) {
            (true, true) => Media::BothWithPauses,
            (true, false) => Media::Both,
            (false, _) => Media::Video,
        };
        let Video { codec, clip, .. } = self.video;
        Shape { publishers_do, media, codec, clip, ..self.crowd.shape(name, defaults) }
    }
}

impl Heard {
    pub(super) async fn audio(self, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let shape = self.crowd.shape("audio", (1, 100, 0));
        let shows = Shows::Loudest(AUDIO_SLOTS);
        let media = if self.pauses { Media::AudioWithPauses } else { Media::Audio };
        let shape = Shape { publishers_do: Publishers::Meet, shows, media, ..shape };
        self.crowd.run(shape, stop).await
    }
}

impl Crowd {
    fn shape(&self, name: &'static str, (rooms, publishers, subscribers): Defaults) -> Shape {
        Shape {
            name,
            rooms: self.rooms.unwrap_or(rooms),
            publishers: self.publishers.unwrap_or(publishers),
            publishers_do: Publishers::Publish,
            subscribers: self.subscribers.unwrap_or(subscribers),
            shows: Shows::Everybody,
            media: Media::Video,
            codec: Codec::Vp8,
            clip: ClipSize::Large,
            seed: self.seed,
            seconds: self.duration,
            ramp_seconds: self.ramp.unwrap_or(RAMP_SECONDS),
            verify: self.verify,
        }
    }

    async fn run(self, shape: Shape, stop: &CancellationToken) -> Result<ExitCode, CliError> {
        let server = Server::new(&self.url, self.token)?;
        let options = CrowdOptions {
            threads: usize::from(self.threads),
            bind: bind_towards(&server),
            offload: if self.no_gro { Offload::Off } else { Offload::On },
            server_pid: self.server_pid,
        };
        let entrance: Arc<dyn Entrance> = match self.viewers_by {
            ViewersBy::Whep => Arc::new(server),
            ViewersBy::Ws => {
                let change_every = self.layout_changes.map(Duration::from_secs);
                Arc::new(Rooms::new(server, Layouts { heights: shape.heights(), change_every }))
            }
        };
        let report = lean::run(entrance, &shape, &options, &Live::on_terminal(), stop).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{}", table::of_crowd(&report));
        }
        Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
