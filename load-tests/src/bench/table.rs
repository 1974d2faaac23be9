//! A benchmark's figures in words: a table for a terminal or for a README, and a row in one line.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::report::{BenchReport, RowReport, Spread};

/// For whom a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Terminal,
    Markdown,
}

const HEADER: [&str; 13] = [
    "row",
    "server ns/packet",
    "packets/s",
    "delivered",
    "datagrams a send",
    "% in sends of ≥ 2 / 4 / 8 (padded)",
    "cores: server / clients",
    "KiB: idle / participant / slot",
    "frames to all",
    "to the last viewer ms, p50 / p99 (clients' part of p50)",
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
    for (row, breakdown) in report.rows.iter().filter_map(|row| Some((row, row.breakdown.as_ref()?))) {
        text += &format!("\n- {}: {}", row.name, breakdown.in_words());
    }
    for row in &report.passed_over {
        text += &format!("\n- {}: {}{}", row.name, if row.failed { "failed, " } else { "" }, row.why);
    }
    for row in &report.rows {
        row.shortfall().iter().chain(&row.warnings).for_each(|words| text += &format!("\n- {}: {words}", row.name));
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
        "{} ns a packet, {:.0} packets/s, {} delivered, to the last viewer p99 {:.1} ms, {} faults",
        cost(row),
        row.packets_per_second.median,
        delivered(row),
        row.to_the_last_p99_ms.median,
        row.failures_total
    )
}

fn cells(row: &RowReport) -> [String; 13] {
    let (memory, first) = (row.memory, row.first_frame);
    let idle = memory.idle_kib.map_or("–".to_owned(), |kib| format!("{kib:.0}"));
    [
        row.name.clone(),
        cost(row),
        format!("{:.0}", row.packets_per_second.median),
        delivered(row),
        row.packets_per_send.map_or("–".to_owned(), |sends| format!("{:.1}", sends.median)),
        in_batches(row),
        format!("{:.2} / {:.2}", row.server_cores.median, row.client_cores.median),
        format!("{idle} / {:.0} / {:.1}", memory.participant_kib, memory.subscription_kib),
        frames_to_all(row),
        to_the_last(row),
        format!("{:.0} / {:.0}", first.p50_ms, first.p99_ms),
        format!("{} / {}", row.lost, row.mended),
        row.failures_total.to_string(),
    ]
}

/// How much left in large sends, and how much of it was padded for that.
fn in_batches(row: &RowReport) -> String {
    let share = |least| Some(format!("{:.0}", row.batches.as_ref()?.share_percent(least)?));
    let shares: Option<Vec<String>> = [2, 4, 8].into_iter().map(share).collect();
    let Some((shares, padded)) = shares.zip(row.padded_percent) else { return "–".to_owned() };
    format!("{} ({padded:.0})", shares.join(" / "))
}

fn cost(row: &RowReport) -> String {
    let Some(cost) = row.cost() else { return "–".to_owned() };
    let bare = row.bare_ns_per_packet.map_or_else(String::new, |bare| format!(" · {:.1} × bare", cost.median / bare));
    spread(cost, 0) + &bare
}

/// In the worst window, marked where the whole work was not done.
pub(crate) fn delivered(row: &RowReport) -> String {
    let percent = row.delivered_percent.map_or_else(|| "–".to_owned(), |delivered| format!("{:.1} %", delivered.min));
    if row.is_whole() { percent } else { percent + " !" }
}

/// Of the worst window.
pub(crate) fn frames_to_all(row: &RowReport) -> String {
    row.frames_to_all_percent.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share.min))
}

/// Of the frames that all have; none where there are none.
pub(crate) fn to_the_last(row: &RowReport) -> String {
    let (middle, late) = (row.to_the_last_p50_ms.median, row.to_the_last_p99_ms);
    if late.median <= 0.0 {
        return "–".to_owned();
    }
    format!("{middle:.1} / {} ({:.1})", spread(late, 1), row.queued_p50_ms.median)
}

fn spread(of: Spread, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$}–{:.digits$})", of.median, of.min, of.max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::matrix;
    use crate::media::Codec;

    #[test]
    fn who_delivers_less_than_was_due_has_no_cost_and_is_told() {
        let rows = matrix(Codec::Vp8);
        let spread = |figure| Spread::of([figure].into_iter());
        let with = |percent, lost_percent, absent| RowReport {
            ns_per_packet: spread(1_234.0),
            delivered_percent: Some(spread(percent)),
            lost_percent,
            absent,
            ..RowReport::of_nothing(rows.first().unwrap())
        };
        let shown = |row: &RowReport| (cells(row)[1].clone(), cells(row)[3].clone(), row.shortfall().is_some());
        let told = |cost: &str, delivered: &str, short| (cost.to_owned(), delivered.to_owned(), short);
        assert_eq!(shown(&with(99.5, 0.5, 0)), told("1234 (1234–1234)", "99.5 %", false));
        assert_eq!(shown(&with(70.0, 0.0, 0)), told("–", "70.0 % !", true));
        assert_eq!(shown(&with(99.5, 1.5, 0)), told("–", "99.5 % !", true));
        assert_eq!(shown(&with(99.5, 0.0, 1)), told("–", "99.5 % !", true));
        let chosen = RowReport { delivered_percent: None, ..with(0.0, 0.0, 0) };
        assert_eq!(shown(&chosen), told("1234 (1234–1234)", "–", false));
        assert!(in_short(&with(70.0, 0.0, 0)).starts_with("– ns a packet"));
    }
}
