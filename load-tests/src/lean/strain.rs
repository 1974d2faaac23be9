//! What makes a run's figures this side's instead of the server's.

use super::window::Measured;

/// A thread that works and waits more than this is late with its clients, per cent.
const BUSY_PERCENT: f64 = 90.0;
/// Share of the latency above which it says more about the clients than about the server.
const QUEUED_SHARE: f64 = 0.25;

/// How much a thread had to do, per cent of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Busy {
    worked: f64,
    /// And waited for a processor.
    wanted: f64,
}

/// How hard a window was for this side; of several windows the worst of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strain {
    viewers: Busy,
    publishers: Busy,
    resumed: u64,
    drops: u64,
    queued_share: f64,
}

impl Busy {
    fn worst(self, other: Self) -> Self {
        Self { worked: self.worked.max(other.worked), wanted: self.wanted.max(other.wanted) }
    }

    fn warning(self, who: &str, cure: &str) -> Option<String> {
        let Self { worked, wanted } = self;
        if worked > BUSY_PERCENT {
            Some(format!("the clients are the bottleneck: {who} works {worked:.0} % of the time; {cure}"))
        } else if wanted > BUSY_PERCENT {
            Some(format!(
                "this machine is the bottleneck: {who} works {worked:.0} % of the time and waits for a processor up to {wanted:.0} %"
            ))
        } else {
            None
        }
    }
}

impl Strain {
    pub fn of(measured: &Measured) -> Self {
        let (flow, publishing) = (&measured.flow, &measured.publishing);
        let (latency, queued) = (measured.frames.to_the_last.p50_ms, measured.frames.queued.p50_ms);
        let busy = |worked, waited| Busy { worked, wanted: worked + waited };
        Self {
            viewers: busy(flow.busiest_percent, flow.waiting_percent),
            publishers: busy(publishing.worked_percent, publishing.waited_percent),
            resumed: publishing.resumed,
            drops: measured.socket_drops,
            queued_share: if latency > 0.0 { queued / latency } else { 0.0 },
        }
    }

    /// Of two windows.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            viewers: self.viewers.worst(other.viewers),
            publishers: self.publishers.worst(other.publishers),
            resumed: self.resumed + other.resumed,
            drops: self.drops.max(other.drops),
            queued_share: self.queued_share.max(other.queued_share),
        }
    }

    /// In words; none where the figures are the server's.
    pub fn warnings(&self) -> Vec<String> {
        let viewers =
            self.viewers.warning("a thread of them", "use more --threads, fewer --subscribers or --verify sampled");
        let publishers = self.publishers.warning("the publishers' thread", "use fewer --publishers, or --clip small");
        let mut warnings: Vec<_> = viewers.into_iter().chain(publishers).collect();
        if self.resumed > 0 {
            warnings.push(format!(
                "publishers left out frames {} times since their thread came too late: less was sent than the load says",
                self.resumed
            ));
        }
        if self.drops > 0 {
            warnings.push(format!(
                "the clients are the bottleneck: the kernel dropped {} datagrams that they did not read in time; what is lost is not the server's fault",
                self.drops
            ));
        }
        if self.queued_share > QUEUED_SHARE {
            warnings.push(format!(
                "{:.0} % of the latency to the last viewer and more is the clients' own: frames lay in sockets that their thread read last; --threads shares them out",
                100.0 * self.queued_share
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(worked: f64, waited: f64) -> Busy {
        Busy { worked, wanted: worked + waited }
    }

    #[test]
    fn a_bottleneck_on_this_side_is_said_and_nothing_else_is() {
        let near =
            Strain { viewers: busy(60.0, 20.0), publishers: busy(80.0, 5.0), queued_share: 0.2, ..Strain::default() };
        assert_eq!(near.warnings(), Vec::<String>::new());
        let said = |strain: Strain, words: &str| {
            let warnings = strain.warnings();
            assert!(warnings.len() == 1 && warnings[0].contains(words), "{warnings:?}");
        };
        let viewers = |worked, waited| Strain { viewers: busy(worked, waited), ..Strain::default() };
        said(viewers(95.0, 0.0), "clients are the bottleneck: a thread of them works 95 %");
        said(viewers(60.0, 40.0), "this machine is the bottleneck: a thread of them works 60 %");
        let publishers = |worked, waited| Strain { publishers: busy(worked, waited), ..Strain::default() };
        said(publishers(97.0, 0.0), "the publishers' thread works 97 %");
        said(publishers(50.0, 45.0), "this machine is the bottleneck: the publishers' thread");
        said(Strain { resumed: 2, ..Strain::default() }, "left out frames 2 times");
        said(Strain { drops: 3, ..Strain::default() }, "dropped 3 datagrams");
        said(Strain { queued_share: 0.5, ..Strain::default() }, "50 % of the latency");
    }

    #[test]
    fn of_several_windows_none_is_forgotten() {
        let hard = Strain { viewers: busy(95.0, 1.0), resumed: 1, ..Strain::default() };
        let easy = Strain { viewers: busy(10.0, 0.0), resumed: 1, drops: 4, ..Strain::default() };
        let worst = hard.worst(easy);
        assert_eq!(worst, easy.worst(hard));
        assert_eq!(worst, Strain { viewers: busy(95.0, 1.0), resumed: 2, drops: 4, ..Strain::default() });
    }
}
