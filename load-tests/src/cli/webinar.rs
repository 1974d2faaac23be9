//! `sfu-load webinar`: a few publish, a crowd of lean clients watches.

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, bind_towards};
use crate::client::Server;
use crate::lean::{self, CrowdOptions, Live, Offload, Publishers, Shape, Verify};
use crate::media::{ClipSize, Codec};
use crate::table;

#[derive(Debug, Args)]
pub(super) struct WebinarArgs {
    /// The server's HTTP address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Bearer token, where the server wants one.
    #[arg(long, env = "WHIP_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rooms: u16,
    /// Publishers in each room.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=64))]
    publishers: u16,
    /// Connections of the webrtc crate, or lean clients on the viewers' threads.
    #[arg(long, value_enum, default_value = "webrtc")]
    published_by: Publishers,
    /// Viewers in each room; each watches all of the room's publishers.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    subscribers: u16,
    /// How long to measure once everybody has joined, s.
    #[arg(long, default_value_t = 10)]
    duration: u64,
    /// Over how long the viewers join, s.
    #[arg(long, default_value_t = 2)]
    ramp: u64,
    /// Seeds SSRCs, counters and room names; the same seed makes the same run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, value_enum, default_value = "vp8")]
    codec: Codec,
    /// 640×360 at 2.5 Mbit/s or 320×180 at 300 kbit/s.
    #[arg(long, value_enum, default_value = "large")]
    clip: ClipSize,
    /// Publish and watch Opus beside the video.
    #[arg(long)]
    audio: bool,
    /// Judge every packet of every viewer, or one viewer of 16 so and the others by headers and samples.
    #[arg(long, value_enum, default_value = "all")]
    verify: Verify,
    /// Threads that carry the viewers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Receive one packet a call, as clients without UDP_GRO do.
    #[arg(long)]
    no_gro: bool,
    /// The server's process on this machine, to measure its CPU time for each packet.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) async fn execute(args: WebinarArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let server = Server::new(&args.url, args.token)?;
    let shape = Shape {
        name: "webinar",
        rooms: args.rooms,
        publishers: args.publishers,
        published_by: args.published_by,
        subscribers: args.subscribers,
        codec: args.codec,
        clip: args.clip,
        audio: args.audio,
        seed: args.seed,
        seconds: args.duration,
        ramp_seconds: args.ramp,
        verify: args.verify,
    };
    let options = CrowdOptions {
        threads: usize::from(args.threads),
        bind: bind_towards(&server),
        offload: if args.no_gro { Offload::Off } else { Offload::On },
        server_pid: args.server_pid,
    };
    let report = lean::run(&server, &shape, &options, &Live::on_terminal(), stop).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{}", table::of_crowd(&report));
    }
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
