//! What is measured: a server that is started afresh for each row, as a process of its own. Everything else is the same for all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Batches, BenchError, ServerProcess};
use crate::account::float;
use crate::lean::{Entrance, Shape};

/// A kind of server that rows can be measured on.
#[async_trait]
pub trait System: std::fmt::Debug + Send + Sync {
    /// What reports call it.
    fn name(&self) -> String;

    /// Why `shape` cannot be measured on it; `None` where it can.
    fn lacks(&self, shape: &Shape) -> Option<&'static str>;

    /// Starts one without anybody in it, and waits until clients may come.
    async fn start(&self) -> Result<Box<dyn Running>, BenchError>;
}

/// One that runs.
#[async_trait]
pub trait Running: std::fmt::Debug + Send + Sync {
    fn entrance(&self) -> Arc<dyn Entrance>;

    /// The process whose CPU time and memory are its cost.
    fn pid(&self) -> u32;

    /// Where clients' sockets are bound to reach it, such as `127.0.0.1:0`.
    fn bind(&self) -> String;

    /// What it sent so far; `None` where it does not tell.
    async fn sends(&self) -> Option<Sends>;

    /// Ends it.
    async fn stop(self: Box<Self>);
}

/// What a server sent so far by UDP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    pub datagrams: u64,
    /// System calls that sent them.
    pub calls: u64,
    pub batches: Batches,
    /// RTP packets that were padded to share a send.
    pub padded: u64,
}

impl Sends {
    /// What was sent since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            datagrams: self.datagrams.saturating_sub(before.datagrams),
            calls: self.calls.saturating_sub(before.calls),
            batches: self.batches.since(&before.batches),
            padded: self.padded.saturating_sub(before.padded),
        }
    }

    /// Datagrams that one call took along.
    pub fn datagrams_per_call(&self) -> Option<f64> {
        (self.calls > 0).then(|| float(self.datagrams) / float(self.calls))
    }
}

/// Our server, by its program.
#[derive(Clone, Debug)]
pub struct Sfu {
    pub program: PathBuf,
}

#[async_trait]
impl System for Sfu {
    fn name(&self) -> String {
        "sfu".to_owned()
    }

    fn lacks(&self, _: &Shape) -> Option<&'static str> {
        None
    }

    async fn start(&self) -> Result<Box<dyn Running>, BenchError> {
        Ok(Box::new(ServerProcess::start(&self.program).await?))
    }
}

#[async_trait]
impl Running for ServerProcess {
    fn entrance(&self) -> Arc<dyn Entrance> {
        Arc::new(self.server.clone())
    }

    fn pid(&self) -> u32 {
        self.pid
    }

    fn bind(&self) -> String {
        "127.0.0.1:0".to_owned()
    }

    async fn sends(&self) -> Option<Sends> {
        let page = self.server.page("/metrics").await.ok()?;
        let datagrams = counter(&page, "sfu_udp_sent_datagrams_total")?;
        Some(Sends {
            datagrams,
            calls: counter(&page, "sfu_udp_sends_total")?,
            batches: Batches::new(labelled(&page, "sfu_udp_batched_datagrams_total", "batch").into_iter()),
            padded: counter(&page, "sfu_rtp_padded_packets_total")?,
        })
    }

    async fn stop(self: Box<Self>) {
        Self::stop(*self).await;
    }
}

/// The sum of a counter over its labels (OpenMetrics text format).
fn counter(page: &str, name: &str) -> Option<u64> {
    let of = |line: &str| -> Option<u64> {
        let (labelled, value) = line.rsplit_once(' ')?;
        let known = labelled.split('{').next()? == name;
        known.then(|| value.parse().ok()).flatten()
    };
    let mut rows = page.lines().filter_map(of).peekable();
    rows.peek()?;
    Some(rows.sum())
}

/// The sums of a counter over its rows, by the value of one label.
fn labelled(page: &str, name: &str, label: &str) -> BTreeMap<String, u64> {
    let of = |line: &str| -> Option<(String, u64)> {
        let (labelled, value) = line.rsplit_once(' ')?;
        let (_, labels) = labelled.split_once('{').filter(|(known, _)| *known == name)?;
        let (_, behind) = labels.split_once(&format!("{label}=\""))?;
        Some((behind.split('"').next()?.to_owned(), value.parse().ok()?))
    };
    let mut sums = BTreeMap::new();
    for (value, count) in page.lines().filter_map(of) {
        *sums.entry(value).or_default() += count;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_the_sum_of_its_rows() {
        let page = "# TYPE sfu_x counter\nsfu_x_total{shard=\"0\"} 5\nsfu_x_total{shard=\"1\"} 7\nsfu_x_total_more 9\n";
        assert_eq!(counter(page, "sfu_x_total"), Some(12));
        assert_eq!(counter(page, "sfu_y_total"), None);
    }

    #[test]
    fn a_batch_is_of_the_time_between() {
        let before = Sends { datagrams: 100, calls: 50, ..Sends::default() };
        let now = Sends { datagrams: 190, calls: 60, ..Sends::default() };
        assert_eq!(now.since(&before).datagrams_per_call(), Some(9.0));
        assert_eq!(now.since(&now).datagrams_per_call(), None);
    }

    #[test]
    fn a_label_tells_rows_apart_and_shards_are_one() {
        let page = "sfu_x_total{shard=\"0\",size=\"2-3\"} 5\nsfu_x_total{shard=\"1\",size=\"2-3\"} 6\nsfu_x_total{shard=\"0\",size=\"1\"} 7\nsfu_xx_total{size=\"1\"} 9\n";
        assert_eq!(labelled(page, "sfu_x_total", "size"), BTreeMap::from([("1".into(), 7), ("2-3".into(), 11)]));
    }
}
