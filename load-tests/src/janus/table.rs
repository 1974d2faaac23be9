//! The comparison as a table for a terminal.

use super::compare::Comparison;
use super::comparison::{Side, Spread};
use crate::table::table;

/// The table, and what must be known beside it.
pub fn of_comparison(comparison: &Comparison) -> String {
    let mut table = table();
    let janus = format!("Janus {}", comparison.janus_version);
    table.set_header([
        "load",
        "server",
        "CPU ns/packet\nmedian (min–max)",
        "ratio",
        "packets/s",
        "delivered",
        "never came",
        "server\ncores",
        "frame latency ms\np50 / p99",
    ]);
    for row in &comparison.rows {
        let ratio = row.ratio.map_or_else(|| "none".to_owned(), |ratio| format!("{ratio:.1}"));
        table.add_row(cells(&row.load, "ours", "1", &row.ours));
        table.add_row(cells("", &janus, &ratio, &row.janus));
    }
    let mut text = table.to_string();
    comparison.rows.iter().flat_map(|row| &row.warnings).for_each(|words| text += &format!("\n! {words}"));
    text
}

fn cells(load: &str, server: &str, ratio: &str, side: &Side) -> [String; 9] {
    let Spread { median, min, max } = side.ns_per_packet;
    let mark = if side.is_whole() { "" } else { " !" };
    [
        load.to_owned(),
        server.to_owned(),
        format!("{median:.0} ({min:.0}–{max:.0}){mark}"),
        ratio.to_owned(),
        format!("{:.0}", side.packets_per_second.median),
        format!("{:.1} %{mark}", side.delivered_percent.min),
        side.lost.to_string(),
        format!("{:.2}", side.server_cores.median),
        format!("{:.1} / {:.1}", side.latency_p50_ms.median, side.latency_p99_ms.median),
    ]
}
