//! `sfu-load attack`: input that means harm, against a server of one's own.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use super::{CliError, bind_towards};
use crate::attack::client_hello::ClientHelloPlan;
use crate::attack::collide::CollidePlan;
use crate::attack::flood::{FloodPlan, Kind};
use crate::attack::half_open::HalfOpenPlan;
use crate::attack::replay::ReplayPlan;
use crate::attack::{AttackError, AttackReport, Consent, Target, client_hello, collide, flood, half_open, replay};
use crate::client::Server;

#[derive(Debug, Args)]
pub(super) struct AttackArgs {
    /// The server's HTTP address; one that is not on this machine is refused.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Attack a server elsewhere: yours alone, on a network of yours.
    #[arg(long, global = true)]
    i_own_this_server: bool,
    /// The server's process on this machine, for its memory.
    #[arg(long, global = true, value_name = "PID")]
    server_pid: Option<u32>,
    /// Seeds what is sent, and names the rooms.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// Print the report as JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    attack: Attack,
}

#[derive(Debug, Subcommand)]
enum Attack {
    /// Datagrams of nobody at the media ports, while a small webinar watches.
    Flood {
        #[arg(long, value_enum, default_value = "mixed")]
        kind: Kind,
        /// Datagrams a second, at most.
        #[arg(long, default_value_t = 200_000)]
        rate: u32,
        /// How long, s; and as long without a flood before it.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
        duration: u32,
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        subscribers: u16,
    },
    /// Forged ClientHellos before, during and after the handshakes of others.
    ClientHello {
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        tries: u32,
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        sessions: u16,
    },
    /// Protected packets sent again, around the wrap of sequence numbers and from other addresses.
    Replay {
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        replays: u32,
        /// Replays a second, at most.
        #[arg(long, default_value_t = 100_000)]
        rate: u32,
    },
    /// Publishers with the same SSRCs, MIDs and ICE fragments, in one room and in others.
    Collide {
        /// How long they are watched, s.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
        duration: u32,
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
        rooms: u16,
        /// Publishers in each room.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=32))]
        publishers: u16,
    },
    /// Sessions that are begun and left: WebSockets that say nothing, ICE without DTLS, DTLS that stops.
    HalfOpen {
        /// Of all three kinds together; each takes one descriptor here, and those at the server.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(3..=50_000))]
        count: u32,
    },
}

pub(super) async fn execute(args: AttackArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let server = Server::new(&args.url, None)?;
    let consent = if args.i_own_this_server { Consent::Given } else { Consent::Unsaid };
    let bind = bind_towards(&server);
    let target = Target::new(server, bind, args.server_pid, args.seed, consent)?;
    let Some(report) = stop.run_until_cancelled(attack(&target, &args.attack)).await else {
        return Ok(interrupted());
    };
    tell(&report?, args.json)
}

pub(super) fn interrupted() -> ExitCode {
    eprintln!("sfu-load: interrupted; sessions that were begun end by themselves");
    ExitCode::FAILURE
}

pub(super) fn tell(report: &AttackReport, json: bool) -> Result<ExitCode, CliError> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{}", report.table());
    }
    Ok(if report.held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn attack(target: &Target, attack: &Attack) -> Result<AttackReport, AttackError> {
    match *attack {
        Attack::Flood { kind, rate, duration, subscribers } => {
            flood::run(target, &FloodPlan { kind, rate, seconds: duration, viewers: subscribers }).await
        }
        Attack::ClientHello { tries, sessions } => {
            client_hello::run(target, &ClientHelloPlan { tries, sessions }).await
        }
        Attack::Replay { replays, rate } => replay::run(target, &ReplayPlan { replays, rate }).await,
        Attack::Collide { duration, rooms, publishers } => {
            collide::run(target, &CollidePlan { seconds: duration, rooms, publishers }).await
        }
        Attack::HalfOpen { count } => half_open::run(target, &HalfOpenPlan { count }).await,
    }
}
