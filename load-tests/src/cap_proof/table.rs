//! A proof as a table for a terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::bound::Found;
use super::report::{CapProofReport, UnderCap};
use super::script::rate;

/// Each stretch under one cap, and what holds of all.
pub fn of_cap_proof(report: &CapProofReport) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["from", "who", "may be sent", "settled in", "overshoot", "of the bound", "violations"]);
    table.column_iter_mut().skip(3).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let viewers = report.viewers.iter().map(|viewer| (viewer.name.as_str(), &viewer.course));
    let mut rows: Vec<(&str, UnderCap)> = Vec::new();
    for (name, course) in viewers.chain([("all", &report.all)]) {
        rows.extend(course.under.iter().map(|under| (name, *under)));
    }
    rows.sort_by(|(_, one), (_, other)| one.from_s.total_cmp(&other.from_s));
    for (name, UnderCap { from_s, cap_bps, found, .. }) in rows {
        let [settled, overshoot, allowance, violations] = figures(&found);
        table.add_row([
            format!("{from_s:.1} s"),
            name.to_owned(),
            rate(cap_bps),
            settled,
            overshoot,
            allowance,
            violations,
        ]);
    }
    let mut text = table.to_string();
    text += &format!("\n{}", summary(report));
    report.warnings.iter().for_each(|words| text += &format!("\n! {words}"));
    report.failures.iter().for_each(|words| text += &format!("\n✗ {words}"));
    if report.interrupted {
        text += "\n! interrupted: the figures are of the time until then";
    }
    if report.held {
        text += "\n✓ no window broke its bound";
    }
    text
}

/// Settled in, overshoot, of the bound, violations.
pub(super) fn figures(found: &Found) -> [String; 4] {
    let Found { settled_s, overshoot_percent, allowance_percent, violations } = found;
    [
        format!("{settled_s:.2} s"),
        format!("{overshoot_percent:.0} %"),
        format!("{allowance_percent:.0} %"),
        violations.to_string(),
    ]
}

/// The whole in a sentence.
pub(super) fn summary(report: &CapProofReport) -> String {
    let [settled, overshoot, allowance, violations] = figures(&report.worst);
    let back = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2} s"));
    format!(
        "{} stretches under a cap: settled in {settled}, overshoot {overshoot}, {allowance} of what a window may bring at once, \
         violations {violations}; without caps pictures were back after {}, the highest after {}; the longest without a sound {:.2} s",
        report.stretches,
        back(report.picture_back_s),
        back(report.highest_back_s),
        report.sound_gap_s,
    )
}
