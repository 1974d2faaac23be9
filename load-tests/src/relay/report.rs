//! What a relay did, in all and to each client.

use std::net::SocketAddr;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use links::{Counts, as_ms};
use serde::Serialize;

use super::change::Way;
use crate::account::float;

/// Clients that a table shows; JSON has all.
const SHOWN_MAX: usize = 50;

/// A relay since its start.
#[derive(Clone, Debug, Serialize)]
pub struct RelayReport {
    /// Since the start, s.
    pub seconds: f64,
    pub clients: Vec<ClientReport>,
    /// Datagrams that were due, and that the system did not take.
    pub unsent: u64,
    /// Datagrams that this relay had no time or no socket for: with any, the figures are not the links' alone.
    pub shed: u64,
    /// How late datagrams left, after when they were due.
    pub lateness: Lateness,
}

#[derive(Clone, Debug, Serialize)]
pub struct ClientReport {
    /// From 1, in the order in which they came.
    pub number: usize,
    pub address: SocketAddr,
    pub up: Counts,
    pub down: Counts,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lateness {
    #[serde(rename = "p50_ms", serialize_with = "as_ms")]
    pub p50: Duration,
    #[serde(rename = "p99_ms", serialize_with = "as_ms")]
    pub p99: Duration,
    #[serde(rename = "max_ms", serialize_with = "as_ms")]
    pub max: Duration,
}

impl RelayReport {
    /// All clients' together.
    pub fn total(&self, way: Way) -> Counts {
        self.clients.iter().map(|client| client.of(way)).fold(Counts::default(), Counts::plus)
    }

    /// As a table for a terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        let heads =
            ["client", "way", "came", "left", "lost", "blacked out", "queue full", "twice", "held back", "queue"];
        table.set_header(heads);
        for client in self.clients.iter().take(SHOWN_MAX) {
            let name = format!("{} {}", client.number, client.address);
            table.add_row(row(&name, "up", client.up));
            table.add_row(row("", "down", client.down));
        }
        table.add_row(row("all", "up", self.total(Way::Up)));
        table.add_row(row("", "down", self.total(Way::Down)));
        let Lateness { p50, p99, max } = self.lateness;
        let mut text =
            format!("{table}\n{:.1} s; left later than due: p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}", self.seconds);
        if self.clients.len() > SHOWN_MAX {
            text += &format!("\n{} more clients are in the sums alone", self.clients.len() - SHOWN_MAX);
        }
        for (count, what) in
            [(self.unsent, "were not taken by the system"), (self.shed, "came too fast for this relay")]
        {
            if count > 0 {
                text += &format!("\n! {count} datagrams {what}");
            }
        }
        text
    }
}

impl ClientReport {
    pub fn of(&self, way: Way) -> Counts {
        match way {
            Way::Up => self.up,
            Way::Down => self.down,
        }
    }
}

fn row(client: &str, way: &str, counts: Counts) -> [String; 10] {
    let share = if counts.came == 0 { 0.0 } else { 100.0 * float(counts.lost) / float(counts.came) };
    [
        client.to_owned(),
        way.to_owned(),
        counts.came.to_string(),
        counts.left.to_string(),
        format!("{} ({share:.1} %)", counts.lost),
        counts.blacked_out.to_string(),
        counts.overflowed.to_string(),
        counts.duplicated.to_string(),
        counts.held_back.to_string(),
        format!("≤ {:.1?}", counts.queue_max),
    ]
}
