//! The command line, and what each command does with it.

mod attack;
mod bench;
mod cap_proof;
mod churn;
mod crowd;
mod janus;
mod profile;

use std::net::{IpAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::attack::AttackError;
use crate::bench::BenchError;
use crate::cap_proof::CapProofError;
use crate::client::{ClientError, Server};
use crate::lean::LeanError;
use crate::media::{ClipSize, Codec};
use crate::relay::{self, RelayArgs, RelayError};
use crate::scenario::{self, Plan, Progress, Tolerance};
use crate::table;

/// Headless WHIP publishers and WHEP viewers for a Selective Forwarding Unit.
#[derive(Debug, Parser)]
#[command(name = "sfu-load", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish and watch against a running server and judge every frame; exits with 1 when anything is wrong.
    Run(RunArgs),
    /// A few publish and a crowd of lean clients watches; like all shapes on a running server, and exits with 1 when anything is wrong.
    Webinar(crowd::Seen),
    /// Everybody in a room publishes and watches all others.
    Meeting(crowd::Seen),
    /// Many rooms of few, in each of which everybody publishes and watches all others.
    Rooms(crowd::Seen),
    /// Everybody in a large room publishes Opus alone and hears those whom the server chooses for three slots.
    Audio(crowd::Heard),
    /// Start a server of its own for each of many crowds and measure CPU per forwarded packet, memory and latency.
    Bench(bench::BenchArgs),
    /// Have the same crowds on a server of its own and on a Janus of its own, and compare CPU per forwarded packet.
    BenchJanus(janus::JanusArgs),
    /// Set caps on a room and its viewers, step by step, and hold what comes to each viewer's own socket against them; exits with 1
    /// when one is broken.
    CapProof(cap_proof::CapProofArgs),
    /// Start a server, have 200 watch one, and tell where a forwarded packet's CPU time goes; needs `perf`.
    Profile(profile::ProfileArgs),
    /// Have a whole audience come to a webinar at once, and tell when each had a picture; exits with 1 when anything is wrong.
    Storm(crowd::Seen),
    /// Relay UDP between clients, browsers too, and one media port of a server, over links that impair.
    Relay(Box<RelayArgs>),
    /// Attack a server of your own, and hold what it bears against a bar; exits with 1 when one is missed.
    Attack(attack::AttackArgs),
    /// Have people come and go beside a standing audience, and compare the server before and after; exits with 1 when it is not
    /// as it was.
    Churn(churn::ChurnArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The server's HTTP address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Bearer token, where the server wants one.
    #[arg(long, env = "WHIP_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rooms: u16,
    /// Publishers in each room.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    publishers: u16,
    /// Viewers in each room; each watches all of the room's publishers.
    #[arg(long, default_value_t = 1)]
    subscribers: u16,
    /// How long to measure once everybody has joined, s.
    #[arg(long, default_value_t = 10)]
    duration: u64,
    #[arg(long, value_enum, default_value = "vp8")]
    codec: Codec,
    /// Publish and watch Opus beside the video.
    #[arg(long)]
    audio: bool,
    /// Ten packets a frame at 640×360 and 2.5 Mbit/s, two at 320×180 and 300 kbit/s, or one at 160×90 and 120 kbit/s.
    #[arg(long, value_enum, default_value = "large")]
    clip: ClipSize,
    /// Seeds SSRCs, counters and room names; the same seed makes the same run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Viewers of each room judged packet by packet; the others only count, which costs this machine less.
    #[arg(long, default_value_t = u16::MAX)]
    judged: u16,
    /// Forgive what follows from loss on the way, while this share of the frames (per cent) comes whole.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    lossy: Option<u8>,
    /// How long a client may take to connect, s.
    #[arg(long, default_value_t = 10)]
    connect_timeout: u64,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error(transparent)]
    CapProof(#[from] CapProofError),
    #[error(transparent)]
    Lean(#[from] LeanError),
    #[error(transparent)]
    Relay(#[from] RelayError),
    #[error(transparent)]
    Attack(#[from] AttackError),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Does what the command line says; the exit code is 1 when verification failed.
pub async fn execute(cli: Cli) -> Result<ExitCode, CliError> {
    let stop = stop_on_interrupt();
    match cli.command {
        Command::Run(args) => run(args, &stop).await,
        Command::Webinar(args) => args.webinar(&stop).await,
        Command::Meeting(args) => args.meeting(&stop).await,
        Command::Rooms(args) => args.rooms(&stop).await,
        Command::Audio(args) => args.audio(&stop).await,
        Command::Bench(args) => bench::execute(args, &stop).await,
        Command::BenchJanus(args) => janus::execute(args, &stop).await,
        Command::CapProof(args) => cap_proof::execute(args, &stop).await,
        Command::Profile(args) => profile::execute(args, &stop).await,
        Command::Storm(args) => args.storm(&stop).await,
        Command::Relay(args) => Ok(relay::run(*args, &stop).await?),
        Command::Churn(args) => churn::execute(args, &stop).await,
        Command::Attack(args) => attack::execute(args, &stop).await,
    }
}

async fn run(args: RunArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let server = Server::new(&args.url, args.token.clone())?;
    let plan = Plan {
        rooms: args.rooms,
        publishers: args.publishers,
        subscribers: args.subscribers,
        duration: Duration::from_secs(args.duration),
        codec: args.codec,
        audio: args.audio,
        clip: args.clip,
        seed: args.seed,
        judged: args.judged,
        tolerance: args.lossy.map_or(Tolerance::None, |frames_percent_min| Tolerance::Loss { frames_percent_min }),
        bind: bind_towards(&server),
        connect_patience: Duration::from_secs(args.connect_timeout),
        relay_port: None,
    };
    let report = scenario::run(&server, &plan, &Progress::on_terminal(), stop).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{}", table::of_run(&report));
    }
    Ok(if report.verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn server_beside_this() -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name("sfu-server")
}

/// The first interrupt ends the run with its report, the second ends the process.
fn stop_on_interrupt() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if cancel.is_cancelled() {
                std::process::exit(130);
            }
            cancel.cancel();
        }
    });
    stop
}

/// The local address from which the server is reached: one socket a client instead of one for each interface.
fn bind_towards(server: &Server) -> String {
    let local = || -> Option<IpAddr> {
        let peer = server.authority().to_socket_addrs().ok()?.next()?;
        let probe = UdpSocket::bind(if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).ok()?;
        probe.connect(peer).ok()?;
        Some(probe.local_addr().ok()?.ip())
    };
    match local() {
        Some(IpAddr::V6(address)) => format!("[{address}]:0"),
        Some(IpAddr::V4(address)) => format!("{address}:0"),
        None => "0.0.0.0:0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_clients_bind_where_the_server_is() {
        Cli::command().debug_assert();
        let server = Server::new("http://127.0.0.1:8080", None).unwrap();
        assert_eq!(bind_towards(&server), "127.0.0.1:0");
    }
}
