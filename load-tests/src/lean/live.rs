//! The line that tells how it goes while a crowd runs.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::fleet::Fleet;
use super::window::Flow;

/// How often the line changes.
const STEP: Duration = Duration::from_millis(500);

/// One line on the terminal's error stream; where that is no terminal, only what is [said](Self::say).
#[derive(Clone, Debug)]
pub struct Live {
    bar: ProgressBar,
    talks: bool,
}

impl Live {
    pub fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {elapsed} {prefix}{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { bar, talks: true }
    }

    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), talks: false }
    }

    /// Puts `title` ahead of the line.
    pub fn begin(&self, title: &str) {
        self.bar.set_prefix(format!("{title} · "));
        self.bar.tick();
    }

    /// Leaves `words` above the line.
    pub fn say(&self, words: &str) {
        if self.talks {
            self.bar.suspend(|| eprintln!("{words}"));
        }
    }

    pub(super) fn joining(&self, fleet: &Fleet, joined: usize, expected: usize) {
        let watching: usize = fleet.tallies().iter().map(|tally| tally.watching).sum();
        self.bar.set_message(format!("joining: {joined} of {expected} answered, {watching} watch"));
        self.bar.tick();
    }

    /// Tells the rates for `duration`, or until `stop`.
    pub(super) async fn playing(&self, fleet: &Fleet, duration: Duration, stop: &CancellationToken) {
        let end = Instant::now() + duration;
        let mut before = fleet.tallies();
        while Instant::now() < end && !stop.is_cancelled() {
            let rest = end.saturating_duration_since(Instant::now()).min(STEP);
            stop.run_until_cancelled(tokio::time::sleep(rest)).await;
            let tallies = fleet.tallies();
            let flow = Flow::between(&before, &tallies);
            let watching: usize = tallies.iter().map(|tally| tally.watching).sum();
            let left = end.saturating_duration_since(Instant::now()).as_secs();
            self.bar.set_message(format!(
                "{watching} watch · {} packets/s · {:.0} Mbit/s · NACK {:.0}/s, PLI {:.0}/s · clients {:.0} % of a core · {left} s left",
                HumanCount(flow.packets_per_second_rounded()),
                flow.megabits_per_second,
                flow.nacks_per_second,
                flow.plis_per_second,
                flow.cores * 100.0,
            ));
            self.bar.tick();
            before = tallies;
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
