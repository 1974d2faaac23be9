//! Every metric of the server, declared here: `sfu_<thing>_<unit>[_total]`, base units, no label without a bound.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sfu_core::stats::ShardStats;

use crate::control::Control;
use crate::directory::Kind;
use crate::media::Counts;

/// Upper bounds of the request histogram, seconds: an answer takes about a millisecond, a stuck shard five seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// Metrics that are counted as things happen.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

impl Metrics {
    pub fn new() -> Self {
        let requests = Family::default();
        let request_seconds = Family::new_with_constructor((|| Histogram::new(REQUEST_SECONDS)) as fn() -> Histogram);
        let mut registry = Registry::default();
        registry.register("sfu_http_requests", "HTTP requests by route and status", Family::clone(&requests));
        registry.register(
            "sfu_http_request_duration_seconds",
            "Time from a request's head to its response's head",
            Family::clone(&request_seconds),
        );
        Self { registry, requests, request_seconds }
    }

    /// Counts a request that was answered.
    pub fn count_request(&self, method: &Method, route: String, status: StatusCode, took: Duration) {
        let labels = RequestLabels { method: bounded(method), route: route.clone(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
    }

    /// Everything as OpenMetrics text.
    pub fn encode(&self, sample: Sample) -> Result<String, fmt::Error> {
        let mut sampled = Registry::default();
        sampled.register_collector(Box::new(sample));
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &sampled)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Clients may invent methods; labels may not be theirs.
fn bounded(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// What is read at the moment of a scrape.
#[derive(Debug)]
pub struct Sample {
    rooms: usize,
    publishers: usize,
    viewers: usize,
    draining: bool,
    shards: Vec<ShardSample>,
}

#[derive(Debug)]
struct ShardSample {
    label: [(&'static str, String); 1],
    alive: bool,
    /// In the order of [`UDP`].
    udp: Vec<u64>,
    /// Absent from a shard that did not answer in time.
    core: Option<Box<ShardStats>>,
}

/// Name, help and value of a counter.
type Row<T> = (&'static str, &'static str, fn(&T) -> u64);

/// Counters of the shard threads' sockets.
const UDP: &[Row<Counts>] = &[
    ("sfu_udp_received_datagrams", "UDP datagrams received", |c| load(&c.received_datagrams)),
    ("sfu_udp_received_bytes", "UDP payload bytes received", |c| load(&c.received_bytes)),
    ("sfu_udp_receives", "System calls that received datagrams", |c| load(&c.receives)),
    ("sfu_udp_sent_datagrams", "UDP datagrams sent", |c| load(&c.sent_datagrams)),
    ("sfu_udp_sent_bytes", "UDP payload bytes sent", |c| load(&c.sent_bytes)),
    ("sfu_udp_sends", "System calls that sent datagrams", |c| load(&c.sends)),
    ("sfu_udp_send_errors", "Sends that the kernel refused", |c| load(&c.send_errors)),
    ("sfu_udp_send_dropped_datagrams", "Datagrams dropped because a socket stayed full", |c| load(&c.send_dropped)),
    ("sfu_udp_offload_failures", "Batches sent singly because segmentation offload failed", |c| load(&c.gso_fallbacks)),
];

/// Counters of the shards themselves.
const CORE_COUNTERS: &[Row<ShardStats>] = &[];
/// Gauges of the shards themselves.
const CORE_GAUGES: &[Row<ShardStats>] = &[];

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Sample {
    /// Reads everything, waiting a moment for the shards.
    pub async fn take(control: &Control) -> Self {
        let mut stats = control.stats().await;
        let now = Instant::now();
        let shards = control.shards().iter().map(|shard| ShardSample {
            label: [("shard", shard.index.0.to_string())],
            alive: shard.status.is_alive(now),
            udp: UDP.iter().map(|(_, _, value)| value(&shard.status.counts)).collect(),
            core: stats.iter().position(|(index, _)| *index == shard.index).map(|at| stats.swap_remove(at).1),
        });
        Self {
            shards: shards.collect(),
            rooms: control.directory.rooms(),
            publishers: control.directory.resources(Kind::Whip),
            viewers: control.directory.resources(Kind::Whep),
            draining: control.is_draining(),
        }
    }
}

impl Collector for Sample {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        gauge(&mut encoder, "sfu_rooms", "Rooms with at least one participant", self.rooms)?;
        gauge(&mut encoder, "sfu_publishers", "Live WHIP resources", self.publishers)?;
        gauge(&mut encoder, "sfu_viewers", "Live WHEP resources", self.viewers)?;
        gauge(&mut encoder, "sfu_draining", "1 while the server shuts down", usize::from(self.draining))?;
        let up = |shard: &ShardSample| Some(u64::from(shard.alive));
        rows(
            &mut encoder,
            "sfu_shard_up",
            "1 while the media thread turns its loop",
            MetricType::Gauge,
            &self.shards,
            up,
        )?;
        for (at, (name, help, _)) in UDP.iter().enumerate() {
            let value = |shard: &ShardSample| shard.udp.get(at).copied();
            rows(&mut encoder, name, help, MetricType::Counter, &self.shards, value)?;
        }
        for (name, help, value) in CORE_COUNTERS {
            rows(&mut encoder, name, help, MetricType::Counter, &self.shards, |shard| {
                shard.core.as_deref().map(value)
            })?;
        }
        for (name, help, value) in CORE_GAUGES {
            rows(&mut encoder, name, help, MetricType::Gauge, &self.shards, |shard| shard.core.as_deref().map(value))?;
        }
        Ok(())
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

/// One metric with a row per shard that has a value.
fn rows(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: MetricType,
    shards: &[ShardSample],
    value: impl Fn(&ShardSample) -> Option<u64>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for shard in shards {
        let Some(value) = value(shard) else { continue };
        let row = metric.encode_family(&shard.label)?;
        match kind {
            MetricType::Gauge => ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(row)?,
            _ => ConstCounter::new(value).encode(row)?,
        }
    }
    Ok(())
}
