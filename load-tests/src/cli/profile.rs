//! `sfu-load profile`: one crowd on a server of its own, and where a packet's time goes there.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, server_beside_this};
use crate::bench::{self, BenchError, BenchPlan, Row, Sfu};
use crate::lean::Live;
use crate::media::Codec;
use crate::profile::folded;

#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    /// The server's program, built with --release; by default the one beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Which crowd, by the benchmark's names.
    #[arg(long, value_name = "NAME", default_value = "webinar-200")]
    row: String,
    /// How long the server is looked at, s.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    window: u64,
    /// Folder for stacks.folded, of which a flame graph is made.
    #[arg(long, value_name = "FOLDER", default_value = "target/profile")]
    out: PathBuf,
}

pub(super) async fn execute(args: ProfileArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let system = Arc::new(Sfu { program: args.server.unwrap_or_else(server_beside_this) });
    let all = bench::matrix(Codec::Vp8);
    let known = all.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(row) = all.iter().find(|row| row.name == args.row).cloned() else {
        return Err(BenchError::NoSuchRow { asked: args.row, known }.into());
    };
    let rows = vec![Row { measures_idle: false, profiles: true, ..row }];
    let plan = BenchPlan { system, rows, repeats: 1, window: Duration::from_secs(args.window), threads: 1 };
    let report = bench::run(&plan, &Live::on_terminal(), stop).await?;
    let Some(row) = report.rows.first() else { return Ok(ExitCode::FAILURE) };
    row.warnings.iter().for_each(|words| println!("- {words}"));
    let Some(breakdown) = &row.breakdown else { return Ok(ExitCode::FAILURE) };
    println!("\n{} of {}, {}:\n", row.name, report.system, report.processor);
    let all: f64 = breakdown.ns_per_packet.values().sum();
    for (stage, ns) in &breakdown.ns_per_packet {
        println!("  {:<14} {ns:>7.0} ns  {:>5.1} %", stage.name(), 100.0 * ns / all.max(1.0));
    }
    println!("  {:<14} {all:>7.0} ns for each packet forwarded, {} looks", "all", breakdown.looks);
    let file = args.out.join("stacks.folded");
    bench::write_file(&file, &folded(&row.stacks))?;
    println!("\nwritten: {}", file.display());
    Ok(ExitCode::SUCCESS)
}
