//! `sfu-load bench-janus`: rows of the benchmark on our server and on Janus, and what each of them pays for a packet.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::bench::MatrixArgs;
use super::{CliError, server_beside_this};
use crate::account;
use crate::bench::{self, BenchError, Sfu, Style};
use crate::janus::{self, Janus};
use crate::lean::Live;

/// What is compared where the command line names no rows: both of a server's usual days, up to where Janus gives up.
/// Over loopback a burst crosses in one piece where both ends can, which is ours alone; so it is measured without, too.
const ROWS: [&str; 8] = [
    "webinar-10",
    "webinar-50",
    "webinar-200",
    "webinar-500",
    "webinar-50-no-gro",
    "webinar-200-no-gro",
    "meeting-10",
    "meeting-20",
];
/// What the files are called.
const NAME: &str = "janus";

#[derive(Debug, Args)]
pub(super) struct JanusArgs {
    /// Our server's program, built with --release; by default the one beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Janus' program.
    #[arg(long, default_value = "janus")]
    janus: PathBuf,
    /// Measure Janus a second time with so many threads for media instead of one for each connection, and compare with the better
    /// one; 0 leaves that out [default: as many as there are processors]
    #[arg(long, value_name = "LOOPS", value_parser = clap::value_parser!(u16).range(0..=1024))]
    janus_event_loops: Option<u16>,
    #[command(flatten)]
    matrix: MatrixArgs,
}

pub(super) async fn execute(args: JanusArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let ours = Sfu { program: args.server.unwrap_or_else(server_beside_this) };
    let loops = args.janus_event_loops.or_else(|| u16::try_from(account::processors()).ok()).filter(|loops| *loops > 0);
    let each = [None].into_iter().chain(loops.map(Some));
    let janus = each.map(|event_loops| Janus { program: args.janus.clone(), event_loops }).collect();
    let matrix = args.matrix.or_only(&ROWS);
    let plan = matrix.plan(Arc::new(ours.clone()))?;
    let comparison = janus::compare(ours, janus, &plan, &Live::on_terminal(), stop).await?;
    println!("{}", janus::of_comparison(&comparison, Style::Terminal));
    let file = |ending: &str| matrix.out.join(format!("{NAME}.{ending}"));
    bench::write_file(&file("json"), &serde_json::to_string_pretty(&comparison)?)?;
    bench::write_file(&file("md"), &janus::of_comparison(&comparison, Style::Markdown))?;
    bench::write_file(&file("svg"), &janus::draw(&comparison).map_err(BenchError::Draw)?)?;
    println!("\nwritten: {}.json, .md and .svg", matrix.out.join(NAME).display());
    Ok(if comparison.verified() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
