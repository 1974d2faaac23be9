//! A benchmark's figures in words: a table for a terminal or for a README, and a row in one line.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::report::{BenchReport, RowReport, Spread};

/// For whom a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Terminal,
    Markdown,
}

const HEADER: [&str; 10] = [
    "row",
    "server ns/packet",
    "packets/s",
    "datagrams a send",
    "cores: server / clients",
    "KiB: idle / participant / slot",
    "to the last viewer ms, p50 / p99",
    "first frame ms, p50 / p99",
    "lost / mended",
    "faults",
];

/// Failures of a row that are written out; the JSON has more.
const FAILURES_MAX: usize = 2;

/// An empty table.
pub fn in_style(style: Style) -> Table {
    let mut table = Table::new();
    match style {
        Style::Terminal => {
            table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic)
        }
        Style::Markdown => {
            table.load_preset(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled)
        }
    };
    table
}

/// All rows, then what spoiled them.
pub fn of_bench(report: &BenchReport, style: Style) -> String {
    let mut table = in_style(style);
    table.set_header(HEADER).add_rows(report.rows.iter().map(cells));
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let mut text = format!(
        "{}: medians (least–most) of {} windows of {} s · {} × {} · Linux {}\n\n{table}\n",
        report.system, report.repeats, report.window_seconds, report.processors, report.processor, report.kernel
    );
    for row in &report.passed_over {
        text += &format!("\n- {}: {}{}", row.name, if row.failed { "failed, " } else { "" }, row.why);
    }
    for row in &report.rows {
        row.warnings.iter().for_each(|words| text += &format!("\n- {}: {words}", row.name));
        row.failures.iter().take(FAILURES_MAX).for_each(|words| text += &format!("\n- {} ✗ {words}", row.name));
        if row.failures_total > FAILURES_MAX {
            text += &format!("\n- {} ✗ … and {} more", row.name, row.failures_total - FAILURES_MAX);
        }
    }
    text
}

/// The most important figures of a row.
pub(super) fn in_short(row: &RowReport) -> String {
    format!(
        "{} ns a packet, {:.0} packets/s, to the last viewer p99 {:.1} ms, {} faults",
        spread(row.ns_per_packet, 0),
        row.packets_per_second.median,
        row.to_the_last_p99_ms.median,
        row.failures_total
    )
}

fn cells(row: &RowReport) -> [String; 10] {
    let (memory, first) = (row.memory, row.first_frame);
    let idle = memory.idle_kib.map_or("–".to_owned(), |kib| format!("{kib:.0}"));
    [
        row.name.clone(),
        spread(row.ns_per_packet, 0),
        format!("{:.0}", row.packets_per_second.median),
        row.packets_per_send.map_or("–".to_owned(), |sends| format!("{:.1}", sends.median)),
        format!("{:.2} / {:.2}", row.server_cores.median, row.client_cores.median),
        format!("{idle} / {:.0} / {:.1}", memory.participant_kib, memory.subscription_kib),
        format!("{:.1} / {}", row.to_the_last_p50_ms.median, spread(row.to_the_last_p99_ms, 1)),
        format!("{:.0} / {:.0}", first.p50_ms, first.p99_ms),
        format!("{} / {}", row.lost, row.mended),
        row.failures_total.to_string(),
    ]
}

fn spread(of: Spread, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$}–{:.digits$})", of.median, of.min, of.max)
}
