//! The comparison as a table, for a terminal or for a README.

use super::compare::Comparison;
use crate::bench::{RowReport, Spread, Style, delivered, frames_to_all, in_style, to_the_last};

const HEADER: [&str; 10] = [
    "row",
    "server",
    "CPU ns/packet",
    "ratio",
    "packets/s",
    "delivered / never came",
    "server's cores",
    "KiB a participant",
    "frames to all",
    "to the last viewer ms, p50 / p99 (clients' part of p50)",
];

/// The table, and what must be known beside it.
pub fn of_comparison(comparison: &Comparison, style: Style) -> String {
    let mut table = in_style(style);
    table.set_header(HEADER);
    for row in &comparison.rows {
        table.add_row(cells(&row.name, "ours", "1", row.ours.as_ref()));
        for (side, version) in row.janus.iter().zip(&comparison.janus) {
            let ratio = side.as_ref().and_then(|janus| row.ratio_of(janus));
            let ratio = ratio.map_or_else(|| "none".to_owned(), |ratio| format!("{ratio:.1}"));
            table.add_row(cells("", &format!("Janus {version}"), &ratio, side.as_ref()));
        }
    }
    let Comparison { repeats, window_seconds, processors, processor, kernel, .. } = comparison;
    let mut text = format!(
        "medians (least–most) of {repeats} windows of {window_seconds} s · {processors} × {processor} · Linux {kernel}\n\n{table}\n"
    );
    comparison.rows.iter().flat_map(|row| &row.remarks).for_each(|words| text += &format!("\n- {words}"));
    text
}

fn cells(name: &str, server: &str, ratio: &str, row: Option<&RowReport>) -> [String; 10] {
    let [name, server, ratio] = [name, server, ratio].map(str::to_owned);
    let none = || "–".to_owned();
    let Some(row) = row else { return [name, server, none(), ratio, none(), none(), none(), none(), none(), none()] };
    let cost = |Spread { median, min, max }| format!("{median:.0} ({min:.0}–{max:.0})");
    [
        name,
        server,
        row.cost().map_or_else(none, cost),
        ratio,
        format!("{:.0}", row.packets_per_second.median),
        format!("{} / {}", delivered(row), row.lost),
        format!("{:.2}", row.server_cores.median),
        format!("{:.0}", row.memory.participant_kib),
        frames_to_all(row),
        to_the_last(row),
    ]
}
