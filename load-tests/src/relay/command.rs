//! `sfu-load relay`: a relay of its own process, for browsers; told by arguments and, with `--control`, by lines of its input.

use std::io::BufRead;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use links::{Schedule, SpecError};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::change::{Change, ChangeError, Way};
use super::report::RelayReport;
use super::sockets::{Relay, RelayError, RelayPlan};
use crate::account::float;

/// How often the live figures change.
const TICK: Duration = Duration::from_millis(500);
/// Lines of the input that wait; whoever writes more waits too.
const LINES_MAX: usize = 16;

const SPEC_HELP: &str = "\
A link is a list of effects, such as rate=3M,delay=50ms,jitter=20ms,loss=5%,queue=250ms:
  rate=3M             bit/s; without it unlimited
  queue=250ms         or bytes (64kB), in front of the rate; what finds it full is dropped; 200ms unless said
  delay=50ms          one way
  jitter=20ms         delays lie within delay ± this
  order=kept|free     whether jitter lets datagrams overtake each other; kept unless said
  loss=5%             each datagram for itself
  loss=5%,burst=4     the same share in bursts of four on average
  gilbert=1%/25%/100%/0%
                      Gilbert-Elliott: good to bad, bad to good, loss when bad (100%), loss when good (0%)
  reorder=2%/10ms     so many are held back so long and overtaken; 10ms unless said
  duplicate=1%        so many come twice
  blackout            nothing gets through
  clear               no effect
A schedule says from when on a link is how: '0s:rate=3M;10s:rate=300k;20s:rate=3M'. Each step says the whole link.
@FILE reads a schedule from a file, one step a line, with remarks after #.

With --control each line of the input changes links: '[client N] up|down|both SPEC'; 'report' prints the figures,
'quit' or the input's end ends the relay.";

/// Where to relay and what the links are like.
#[derive(Debug, Args)]
#[command(after_help = SPEC_HELP)]
pub struct RelayArgs {
    /// A media port of the server; start it with --shards 1, so that it has but one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    server: SocketAddr,
    /// Where to listen; the server's address unless said.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The links of clients to the server.
    #[arg(long, value_name = "SPEC", default_value = "clear", value_parser = schedule)]
    up: Schedule,
    /// The links of the server to clients.
    #[arg(long, value_name = "SPEC", default_value = "clear", value_parser = schedule)]
    down: Schedule,
    /// The same seed draws the same losses and delays.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Read changes from the input, one a line.
    #[arg(long)]
    control: bool,
    /// Print each answer and the report as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum ScheduleError {
    #[error("{path} cannot be read: {source}")]
    File { path: String, source: std::io::Error },
    #[error(transparent)]
    Spec(#[from] SpecError),
}

fn schedule(text: &str) -> Result<Schedule, ScheduleError> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.parse()?) };
    let read = std::fs::read_to_string(path);
    Ok(read.map_err(|source| ScheduleError::File { path: path.to_owned(), source })?.parse()?)
}

/// Relays until `stop`, or until the controlling input ends.
pub async fn run(args: RelayArgs, stop: &CancellationToken) -> Result<ExitCode, RelayError> {
    let listen = SocketAddr::new(args.listen.unwrap_or(args.server.ip()), args.port);
    let plan = RelayPlan { listen, server: args.server, up: args.up, down: args.down, seed: args.seed };
    let relay = Relay::start(plan).await?;
    let voice = Voice { json: args.json };
    voice.listening(relay.address, args.server);
    let mut lines = args.control.then(input_lines);
    let mut live = Live::start();
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => live.show(&relay.report().await?),
            line = next_line(&mut lines) => match line.as_deref().map(str::trim) {
                None | Some("quit") => break,
                Some("") => {}
                Some("report") => voice.report(&relay.report().await?),
                Some(line) => voice.answer(line, obey(&relay, line).await),
            },
        }
    }
    live.end();
    voice.report(&relay.report().await?);
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a line of the input.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Relay(#[from] RelayError),
}

async fn obey(relay: &Relay, line: &str) -> Result<(), LineError> {
    let change: Change = line.parse()?;
    Ok(relay.change(change).await?)
}

/// Read on a thread that nobody waits for: a read of the input cannot be given up.
fn input_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// None when the input has ended; without one it waits for ever.
async fn next_line(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// What goes to the standard output.
struct Voice {
    json: bool,
}

impl Voice {
    fn listening(&self, address: SocketAddr, server: SocketAddr) {
        if self.json {
            println!("{}", json!({ "listening": address }));
        } else {
            println!("listening on {address}, relaying to {server}; Ctrl-C ends it with a report");
        }
    }

    fn answer(&self, line: &str, outcome: Result<(), LineError>) {
        match (self.json, outcome) {
            (true, Ok(())) => println!("{}", json!({ "ok": line })),
            (true, Err(error)) => println!("{}", json!({ "error": error.to_string() })),
            (false, Ok(())) => println!("ok: {line}"),
            (false, Err(error)) => println!("not understood: {error}"),
        }
    }

    fn report(&self, report: &RelayReport) {
        if self.json {
            println!("{}", json!({ "report": report }));
        } else {
            println!("{}", report.table());
        }
    }
}

/// Figures of the last moment, on a terminal's error stream and nowhere else.
struct Live {
    bar: ProgressBar,
    before: Option<RelayReport>,
}

impl Live {
    fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { bar, before: None }
    }

    fn show(&mut self, report: &RelayReport) {
        if let Some(before) = &self.before {
            let seconds = (report.seconds - before.seconds).max(0.001);
            let way = |way| {
                let (now, then) = (report.total(way), before.total(way));
                let mbps = float(now.left_bytes.saturating_sub(then.left_bytes)) * 8.0 / 1e6 / seconds;
                let packets = float(now.left.saturating_sub(then.left)) / seconds;
                format!("{mbps:.2} Mbit/s, {packets:.0} packets/s, {} dropped", now.dropped())
            };
            let (up, down) = (way(Way::Up), way(Way::Down));
            self.bar.set_message(format!(
                "{:.0} s  clients {}  up {up}  down {down}",
                report.seconds,
                report.clients.len()
            ));
        }
        self.before = Some(report.clone());
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
