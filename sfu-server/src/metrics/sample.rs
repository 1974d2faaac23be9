//! What is read at the moment of a scrape, and how it is written.

use std::fmt;
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use sfu_core::stats::ShardStats;
use tokio::runtime::Handle;

use super::{
    CORE_COUNTERS, CORE_GAUGES, CORE_NAMED, DRAINING, PUBLISHERS, ROOMS, SHARD_BUSY, SHARD_CPU, SHARD_UP, SOCKETS,
    TASKS, VIEWERS,
};
use crate::control::Control;
use crate::directory::Kind;

/// The state of the process and of every shard.
#[derive(Debug)]
pub struct Sample {
    rooms: usize,
    publishers: usize,
    viewers: usize,
    draining: bool,
    tasks: usize,
    shards: Vec<ShardSample>,
}

#[derive(Debug)]
struct ShardSample {
    index: String,
    alive: bool,
    busy_percent: u32,
    cpu_time: Option<Duration>,
    /// In the order of `SOCKETS`.
    sockets: Vec<u64>,
    /// Absent from a shard that did not answer in time.
    core: Option<Box<ShardStats>>,
}

impl Sample {
    /// Reads everything, waiting a moment for the shards.
    pub async fn take(control: &Control) -> Self {
        let mut stats = control.stats().await;
        let now = Instant::now();
        let shards = control.shards().iter().map(|shard| ShardSample {
            index: shard.index.0.to_string(),
            alive: shard.status.is_alive(now),
            busy_percent: shard.status.busy_percent(),
            cpu_time: shard.status.cpu_time(),
            sockets: SOCKETS.iter().map(|(_, _, value)| value(&shard.status.counts)).collect(),
            core: stats.iter().position(|(index, _)| *index == shard.index).map(|at| stats.swap_remove(at).1),
        });
        Self {
            shards: shards.collect(),
            rooms: control.directory.rooms(),
            publishers: control.directory.resources(Kind::Whip),
            viewers: control.directory.resources(Kind::Whep),
            draining: control.is_draining(),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }
}

impl Collector for Sample {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for ((name, help), value) in [
            (ROOMS, self.rooms),
            (PUBLISHERS, self.publishers),
            (VIEWERS, self.viewers),
            (DRAINING, usize::from(self.draining)),
            (TASKS, self.tasks),
        ] {
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            write(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?, Shape::Gauge, value)?;
        }
        let (name, help) = SHARD_UP;
        self.rows(&mut encoder, name, help, Shape::Gauge, |shard| Some(u64::from(shard.alive)))?;
        let (name, help) = SHARD_BUSY;
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for shard in &self.shards {
            let labels = [("shard", shard.index.as_str())];
            ConstGauge::new(f64::from(shard.busy_percent) / 100.0).encode(metric.encode_family(&labels)?)?;
        }
        let (name, help) = SHARD_CPU;
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for shard in &self.shards {
            let Some(time) = shard.cpu_time else { continue };
            let labels = [("shard", shard.index.as_str())];
            ConstCounter::new(time.as_secs_f64()).encode(metric.encode_family(&labels)?)?;
        }
        for (at, (name, help, _)) in SOCKETS.iter().enumerate() {
            self.rows(&mut encoder, name, help, Shape::Counter, |shard| shard.sockets.get(at).copied())?;
        }
        for (name, help, value) in CORE_COUNTERS {
            self.rows(&mut encoder, name, help, Shape::Counter, |shard| shard.core.as_deref().map(value))?;
        }
        for (name, help, value) in CORE_GAUGES {
            self.rows(&mut encoder, name, help, Shape::Gauge, |shard| shard.core.as_deref().map(value))?;
        }
        for (name, help, label, values) in CORE_NAMED {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for shard in &self.shards {
                for (what, value) in shard.core.as_deref().map(values).unwrap_or_default() {
                    let labels = [("shard", shard.index.as_str()), (*label, what)];
                    write(metric.encode_family(&labels)?, Shape::Counter, value)?;
                }
            }
        }
        Ok(())
    }
}

/// The two kinds of metric that are sampled.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Counter,
    Gauge,
}

impl Sample {
    /// One metric with a row per shard that has a value.
    fn rows(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        kind: Shape,
        value: impl Fn(&ShardSample) -> Option<u64>,
    ) -> fmt::Result {
        let described = match kind {
            Shape::Counter => MetricType::Counter,
            Shape::Gauge => MetricType::Gauge,
        };
        let mut metric = encoder.encode_descriptor(name, help, None, described)?;
        for shard in &self.shards {
            if let Some(value) = value(shard) {
                write(metric.encode_family(&[("shard", shard.index.as_str())])?, kind, value)?;
            }
        }
        Ok(())
    }
}

fn write(row: MetricEncoder<'_>, kind: Shape, value: u64) -> fmt::Result {
    match kind {
        Shape::Counter => ConstCounter::new(value).encode(row),
        Shape::Gauge => ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(row),
    }
}
