//! `sfu-load bench`: the matrix of crowds on servers of its own, and where the figures go.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{CliError, server_beside_this};
use crate::bench::{self, BenchError, BenchPlan, BenchReport, Row, Sfu, Style, System};
use crate::lean::Live;
use crate::media::Codec;

/// A quick run: does it work, and roughly what comes out.
const QUICK: (u16, Duration) = (1, Duration::from_secs(1));

/// What is measured of whichever system.
#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// Measure these rows alone; * stands for anything: --only 'webinar-*,rooms-50'
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Few rows, and one window of 1 s for each: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Measured windows of each row; the median is the result.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100), conflicts_with = "quick")]
    repeats: u16,
    /// Length of a window, s.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600), conflicts_with = "quick")]
    window: u64,
    #[arg(long, value_enum, default_value = "vp8")]
    codec: Codec,
    /// Threads that carry the viewers; publishers have one beside them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Folder for bench.json, bench.md and bench.svg.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// The server's program, built with --release; by default the one beside this program.
    #[arg(long)]
    server: Option<PathBuf>,
    #[command(flatten)]
    matrix: MatrixArgs,
}

pub(super) async fn execute(args: BenchArgs, stop: &CancellationToken) -> Result<ExitCode, CliError> {
    let program = args.server.unwrap_or_else(server_beside_this);
    let report = args.matrix.measure(Arc::new(Sfu { program }), stop).await?;
    args.matrix.tell("bench", &report)?;
    Ok(if report.verified() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl MatrixArgs {
    /// Measures `system`, telling how far it is.
    pub(super) async fn measure(
        &self,
        system: Arc<dyn System>,
        stop: &CancellationToken,
    ) -> Result<BenchReport, BenchError> {
        bench::run(&self.plan(system)?, &Live::on_terminal(), stop).await
    }

    /// What to measure of `system`.
    pub(super) fn plan(&self, system: Arc<dyn System>) -> Result<BenchPlan, BenchError> {
        let (repeats, window) = if self.quick { QUICK } else { (self.repeats, Duration::from_secs(self.window)) };
        Ok(BenchPlan { system, rows: self.rows()?, repeats, window, threads: usize::from(self.threads) })
    }

    /// These rows, where the command line names none.
    pub(super) fn or_only(self, names: &[&str]) -> Self {
        let named = || names.iter().map(|name| (*name).to_owned()).collect();
        Self { only: if self.only.is_empty() && !self.quick { named() } else { self.only }, ..self }
    }

    /// Shows a report, and writes it into files called `name`.
    pub(super) fn tell(&self, name: &str, report: &BenchReport) -> Result<(), CliError> {
        println!("{}", bench::of_bench(report, Style::Terminal));
        let file = |ending: &str| self.out.join(format!("{name}.{ending}"));
        bench::write_file(&file("json"), &serde_json::to_string_pretty(report)?)?;
        bench::write_file(&file("md"), &bench::of_bench(report, Style::Markdown))?;
        bench::write_file(&file("svg"), &bench::draw(report)?)?;
        println!("\nwritten: {}.json, .md and .svg", self.out.join(name).display());
        Ok(())
    }

    fn rows(&self) -> Result<Vec<Row>, BenchError> {
        let all = bench::matrix(self.codec);
        let known = || all.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ");
        let is_unknown = |pattern: &&String| !all.iter().any(|row| row.is_named(std::slice::from_ref(*pattern)));
        if let Some(asked) = self.only.iter().find(is_unknown) {
            return Err(BenchError::NoSuchRow { asked: asked.clone(), known: known() });
        }
        let is_wanted = |row: &Row| match self.only.is_empty() {
            true => row.quick || !self.quick,
            false => row.is_named(&self.only),
        };
        Ok(all.iter().filter(|row| is_wanted(row)).cloned().collect())
    }
}
