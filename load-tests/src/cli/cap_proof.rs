//! `sfu-load cap-proof`: do caps hold, as the viewers' own sockets count?

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, bind_towards, server_beside_this};
use crate::bench::{self, ServerProcess};
use crate::cap_proof::{self, CapProofPlan, of_cap_proof, page, picture, script};
use crate::client::Server;
use crate::lean::Live;

#[derive(Debug, Args)]
pub(super) struct CapProofArgs {
    /// A server that runs, by its HTTP address; without one, a server is started and ended.
    #[arg(long)]
    url: Option<String>,
    /// The server's admin_token, where it has one.
    #[arg(long, env = "SFU_ADMIN_TOKEN", hide_env_values = true, requires = "url")]
    token: Option<String>,
    /// The program of the server that is started; by default the one beside this program.
    #[arg(long, conflicts_with = "url")]
    server: Option<PathBuf>,
    /// Who watch two publishers, each by three encodings of real video and one of sound.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    subscribers: u16,
    /// How long each step lasts, s.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(2..=600))]
    seconds: u64,
    /// Changes that the seed draws, behind those that are always made.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(0..=1000))]
    changes: u16,
    /// Draws the changes, and names the room.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for cap-proof.html, cap-proof.svg (the first viewer's graph) and cap-proof.json.
    #[arg(long, value_name = "FOLDER", default_value = "target/cap-proof")]
    out: PathBuf,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) async fn execute(args: CapProofArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let (process, server) = match &args.url {
        Some(url) => (None, Server::new(url, args.token.clone())?),
        None => {
            let program = args.server.clone().unwrap_or_else(server_beside_this);
            let process = ServerProcess::start(&program).await?;
            let server = process.server.clone();
            (Some(process), server)
        }
    };
    let steps = script(args.subscribers, Duration::from_secs(args.seconds), args.changes, args.seed);
    let bind = bind_towards(&server);
    let plan = CapProofPlan { subscribers: args.subscribers, seed: args.seed, steps, bind };
    let report = cap_proof::run(&server, &plan, &Live::on_terminal(), stop).await;
    if let Some(process) = process {
        process.stop().await;
    }
    let report = report?;
    let json = serde_json::to_string_pretty(&report)?;
    let file = |ending: &str| args.out.join(format!("cap-proof.{ending}"));
    bench::write_file(&file("json"), &json)?;
    bench::write_file(&file("html"), &page(&report))?;
    bench::write_file(&file("svg"), &picture(&report))?;
    if args.json {
        println!("{json}");
    } else {
        println!("{}\n\nwritten: {}.html, .svg and .json", of_cap_proof(&report), args.out.join("cap-proof").display());
    }
    Ok(if report.held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
