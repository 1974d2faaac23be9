//! `sfu-load bench-janus`: the same loads on our server and on Janus, and what each of them pays for a packet.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, server_beside_this};
use crate::bench::{Sfu, write_file};
use crate::janus::{self, ComparePlan, Janus};
use crate::lean::{Live, Media, Publishers, Shape, Shows, Verify};
use crate::media::{ClipSize, Codec};

/// Viewers that join in a second: Janus starts a thread for each.
const JOINS_PER_SECOND: u16 = 100;

#[derive(Debug, Args)]
pub(super) struct JanusArgs {
    /// Our server's program, built with --release; by default the one beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Janus' program.
    #[arg(long, default_value = "janus")]
    janus: PathBuf,
    /// Numbers of viewers of one publisher.
    #[arg(long, value_delimiter = ',', default_value = "10,50,200,500")]
    viewers: Vec<u16>,
    /// Numbers of people who all see each other.
    #[arg(long, value_delimiter = ',', default_value = "10,20")]
    meetings: Vec<u16>,
    #[arg(long, value_enum, default_value = "vp8")]
    codec: Codec,
    /// What is published.
    #[arg(long, value_enum, default_value = "large")]
    clip: ClipSize,
    /// Publish and watch Opus beside the video.
    #[arg(long)]
    audio: bool,
    /// Runs of each load on each server, in turns; the median is the result.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    repeats: u16,
    /// How long to measure once everybody has joined, s.
    #[arg(long, default_value_t = 8)]
    window: u64,
    /// Threads that carry the viewers; publishers have one beside them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Write the figures here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the figures here.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(super) async fn execute(args: JanusArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let webinars = args.viewers.iter().map(|viewers| shape(&args, "webinar", 1, *viewers));
    let meetings = args.meetings.iter().map(|people| shape(&args, "meeting", *people, 0));
    let plan = ComparePlan {
        loads: webinars.chain(meetings).collect(),
        ours: Sfu { program: args.server.clone().unwrap_or_else(server_beside_this) },
        janus: Janus { program: args.janus.clone() },
        repeats: args.repeats,
        threads: usize::from(args.threads),
    };
    let comparison = janus::compare(&plan, &Live::on_terminal(), stop).await?;
    println!("{}", janus::of_comparison(&comparison));
    if let Some(path) = &args.json {
        write_file(path, &serde_json::to_string_pretty(&comparison)?)?;
    }
    if let Some(path) = &args.svg {
        write_file(path, &janus::draw(&comparison).map_err(CliError::Draw)?)?;
    }
    Ok(if comparison.verified() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Some who publish, and who watches: others, or in a meeting each other.
fn shape(args: &JanusArgs, name: &'static str, publishers: u16, subscribers: u16) -> Shape {
    let publishers_do = if subscribers == 0 { Publishers::Meet } else { Publishers::Publish };
    let mut shape = Shape {
        name,
        rooms: 1,
        publishers,
        publishers_do,
        subscribers,
        shows: Shows::Everybody,
        media: if args.audio { Media::Both } else { Media::Video },
        codec: args.codec,
        clip: args.clip,
        seed: 1,
        seconds: args.window.max(1),
        ramp_seconds: 0,
        verify: Verify::Sampled,
    };
    shape.ramp_seconds = 1 + u64::from(shape.viewers() / JOINS_PER_SECOND);
    shape
}
