//! `sfu-load churn`.

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, attack, bind_towards};
use crate::attack::{Consent, Target};
use crate::churn::{self, ChurnPlan};
use crate::client::Server;

#[derive(Debug, Args)]
pub(super) struct ChurnArgs {
    /// The server's HTTP address; one that is not on this machine is refused.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Some of those who come never come in whole: only to a server of your own.
    #[arg(long)]
    i_own_this_server: bool,
    /// The server's process on this machine, for its memory, descriptors and threads.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// How long people come and go, s; the server then has a minute to forget them.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    duration: u32,
    /// How long before that, s: the server is compared with what it was after this, since programs grow to what they need.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    warm_up: u32,
    /// Who comes, a second.
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// The standing audience, who must not notice.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    subscribers: u16,
    /// Draws who comes, when, and how they go.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) async fn execute(args: ChurnArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let server = Server::new(&args.url, None)?;
    let consent = if args.i_own_this_server { Consent::Given } else { Consent::Unsaid };
    let bind = bind_towards(&server);
    let target = Target::new(server, bind, args.server_pid, args.seed, consent)?;
    let plan = ChurnPlan {
        warm_up_seconds: args.warm_up,
        seconds: args.duration,
        joins_per_second: args.rate,
        viewers: args.subscribers,
    };
    let Some(report) = stop.run_until_cancelled(churn::run(&target, &plan)).await else {
        return Ok(attack::interrupted());
    };
    attack::tell(&report?, args.json)
}
