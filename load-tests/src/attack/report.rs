//! An attack in figures, and the bars it is held against.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;

pub(crate) use crate::account::float;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
}

/// A figure that must not be above its limit.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    pub name: &'static str,
    pub value: f64,
    pub at_most: f64,
    pub unit: &'static str,
    pub held: bool,
}

/// A figure at several moments, to see whether it grows.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    pub name: &'static str,
    pub unit: &'static str,
    /// Seconds from the beginning, and the figure then.
    pub points: Vec<(f64, f64)>,
}

/// All of an attack.
#[derive(Clone, Debug, Serialize)]
pub struct AttackReport {
    pub attack: &'static str,
    pub figures: Vec<Figure>,
    pub courses: Vec<Course>,
    pub bars: Vec<Bar>,
    /// What was wrong, in words.
    pub failures: Vec<String>,
    /// What keeps a figure from saying what it seems to say.
    pub warnings: Vec<String>,
    /// Whether every bar was held, and nothing else was wrong.
    pub held: bool,
}

impl AttackReport {
    /// Of nothing yet.
    pub fn new(attack: &'static str) -> Self {
        let (figures, courses, bars) = (Vec::new(), Vec::new(), Vec::new());
        let (failures, warnings) = (Vec::new(), Vec::new());
        Self { attack, figures, courses, bars, failures, warnings, held: true }
    }

    pub(crate) fn figure(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { name, value, unit });
    }

    pub(crate) fn course(&mut self, name: &'static str, unit: &'static str, points: Vec<(f64, f64)>) {
        self.courses.push(Course { name, unit, points });
    }

    /// Holds `value` against a bar.
    pub(crate) fn bar(&mut self, name: &'static str, value: f64, at_most: f64, unit: &'static str) {
        // What is no number holds no bar.
        let held = value <= at_most;
        self.held &= held;
        self.bars.push(Bar { name, value, at_most, unit, held });
    }

    /// Something that must not be, whatever the figures say.
    pub(crate) fn fail(&mut self, what: String) {
        self.held = false;
        self.failures.push(what);
    }

    pub(crate) fn warn(&mut self, what: String) {
        self.warnings.push(what);
    }

    /// For a person to read.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.add_row(["attack", self.attack]);
        for Figure { name, value, unit } in &self.figures {
            table.add_row([*name, &format!("{} {unit}", shown(*value))]);
        }
        let mut text = table.to_string();
        for Course { name, unit, points } in &self.courses {
            let points: Vec<_> = points.iter().map(|(at, value)| format!("{value:.1} at {at:.0} s")).collect();
            text += &format!("\n{name}, {unit}: {}", points.join(", "));
        }
        self.warnings.iter().for_each(|words| text += &format!("\n! {words}"));
        self.failures.iter().for_each(|words| text += &format!("\n✗ {words}"));
        for Bar { name, value, at_most, unit, held } in &self.bars {
            let sign = if *held { "✓" } else { "✗" };
            text += &format!("\n{sign} {name}: {} {unit}, at most {}", shown(*value), shown(*at_most));
        }
        text
    }
}

/// Whole numbers as such, others with what matters of them.
fn shown(value: f64) -> String {
    if (value - value.round()).abs() < 1e-9 || value.abs() >= 1_000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// As [`float`].
pub(crate) fn size(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_or_a_failure_is_a_report_that_does_not_hold() {
        let mut report = AttackReport::new("nothing");
        report.bar("lost", 0.4, 0.5, "%");
        report.course("memory", "MiB", vec![(0.0, 12.04), (90.2, 13.5)]);
        assert!(report.held && report.table().contains("memory, MiB: 12.0 at 0 s, 13.5 at 90 s"), "{}", report.table());
        let mut missed = report.clone();
        missed.bar("more", 6.0, 5.0, "%");
        assert!(!missed.held && missed.table().contains("✗ more: 6 %, at most 5"), "{}", missed.table());
        let mut unknown = report.clone();
        unknown.bar("unknown", f64::NAN, 5.0, "%");
        assert!(!unknown.held);
        report.fail("a session was lost".to_owned());
        assert!(!report.held && report.table().contains("✗ a session was lost"));
    }
}
