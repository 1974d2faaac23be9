//! Cap against what came, second by second, with what each slot carried as bands below: an SVG for the page, whose style has the
//! colours.

use std::fmt::Write;

use super::report::{CapProofReport, Course, Second, ShownSpan, SlotCourse, ToldSpan, UnderCap};
use super::script::rate;

/// Width of a graph and of what is left of and right of its plot, in the SVG's own units.
const WIDTH: f64 = 1_120.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 8.0;
/// Height of the plot, and above it.
const PLOT: f64 = 150.0;
const TOP: f64 = 10.0;
/// Of a band, of its lower part that tells what was shown, and between two.
const BAND: f64 = 15.0;
const SHOWN: f64 = 4.0;
const GAP: f64 = 5.0;
/// Below the bands, for the axis of time.
const AXIS: f64 = 22.0;
/// The lowest rate that is drawn, bit/s; less lies on the axis.
const FLOOR: f64 = 60_000.0;
/// What lines of the grid may stand for, bit/s.
const GRID: [u32; 8] = [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000, 300_000_000];

/// Where seconds and rates lie.
struct Scale {
    end: f64,
    top: f64,
}

impl Scale {
    fn of(report: &CapProofReport, course: &Course) -> Self {
        let rates = course.seconds.iter().map(|second| second.bps);
        Self { end: report.seconds.max(1.0), top: rates.fold(400_000.0, f64::max) * 1.3 }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * seconds.clamp(0.0, self.end) / self.end
    }

    /// Logarithmic, since the lowest caps are a thirtieth of what comes without.
    fn y(&self, bps: f64) -> f64 {
        let share = (bps.clamp(FLOOR, self.top) / FLOOR).ln() / (self.top / FLOOR).ln();
        TOP + PLOT * (1.0 - share)
    }
}

/// The graph of one viewer, or of all.
pub(super) fn graph(report: &CapProofReport, course: &Course, slots: &[SlotCourse]) -> String {
    let scale = Scale::of(report, course);
    let bands: f64 = slots.iter().map(|_| BAND + GAP).sum();
    let height = TOP + PLOT + GAP + bands + AXIS;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
    grid(&mut svg, &scale, report, height - AXIS);
    course.under.iter().for_each(|under| cap(&mut svg, &scale, under));
    came(&mut svg, &scale, &course.seconds);
    course.under.iter().for_each(|under| cap_line(&mut svg, &scale, under));
    let mut top = TOP + PLOT + 2.0 * GAP;
    for slot in slots {
        band(&mut svg, &scale, slot, top);
        top += BAND + GAP;
    }
    svg += "</svg>\n";
    svg
}

fn grid(svg: &mut String, scale: &Scale, report: &CapProofReport, bottom: f64) {
    let right = WIDTH - RIGHT;
    for bps in GRID.iter().filter(|bps| f64::from(**bps) < scale.top) {
        let y = scale.y(f64::from(*bps));
        put(svg, format_args!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
        let name = rate(u64::from(*bps)).replace(".00", "");
        put(svg, format_args!("<text class=\"axis end\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>", LEFT - 8.0, y + 3.5));
    }
    for (step, number) in report.steps.iter().zip(1..) {
        let (from, until) = (scale.x(step.asked_s), scale.x(step.until_s));
        let words = escaped(&step.words);
        put(
            svg,
            format_args!("<line class=\"step\" x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{TOP}\" y2=\"{bottom:.1}\"/>"),
        );
        let middle = f64::midpoint(from, until);
        put(
            svg,
            format_args!(
                "<text class=\"axis middle\" x=\"{middle:.1}\" y=\"{:.1}\">{number}<title>{words}</title></text>",
                bottom + 15.0
            ),
        );
    }
    let base = TOP + PLOT;
    put(svg, format_args!("<line class=\"base\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{base}\" y2=\"{base}\"/>"));
}

/// What is above a cap is not allowed for long.
fn cap(svg: &mut String, scale: &Scale, under: &UnderCap) {
    let (from, until, y) = (scale.x(under.from_s), scale.x(under.until_s), scale.y(bps(under.cap_bps)));
    let (wide, high) = (until - from, y - TOP);
    put(
        svg,
        format_args!("<rect class=\"over\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{wide:.1}\" height=\"{high:.1}\"/>"),
    );
}

fn cap_line(svg: &mut String, scale: &Scale, under: &UnderCap) {
    let (from, until, y) = (scale.x(under.from_s), scale.x(under.until_s), scale.y(bps(under.cap_bps)));
    let words = format!(
        "cap {}: settled in {:.2} s, overshoot {:.0} %, violations {}",
        rate(under.cap_bps),
        under.found.settled_s,
        under.found.overshoot_percent,
        under.found.violations
    );
    let class = if under.found.violations > 0 { "cap broken" } else { "cap" };
    put(
        svg,
        format_args!(
            "<line class=\"{class}\" x1=\"{from:.1}\" x2=\"{until:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"><title>{words}</title></line>"
        ),
    );
}

/// Each second is level; the line goes on through those that follow each other.
fn came(svg: &mut String, scale: &Scale, seconds: &[Second]) {
    let mut path = String::new();
    for second in seconds {
        let (from, until, y) = (scale.x(second.from_s), scale.x(second.until_s), scale.y(second.bps));
        let verb = if path.is_empty() { "M" } else { "L" };
        let _ = write!(path, "{verb}{from:.1} {y:.1}L{until:.1} {y:.1}");
    }
    put(svg, format_args!("<path class=\"came\" d=\"{path}\"/>"));
    for second in seconds {
        let (from, until) = (scale.x(second.from_s), scale.x(second.until_s));
        let words = format!("{:.0} to {:.0} s: {:.0} kbit/s came", second.from_s, second.until_s, second.bps / 1_000.0);
        put(
            svg,
            format_args!(
                "<rect class=\"hover\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{PLOT}\"><title>{words}</title></rect>",
                until - from
            ),
        );
    }
}

/// Above what was told, below what was shown.
fn band(svg: &mut String, scale: &Scale, slot: &SlotCourse, top: f64) {
    let name = escaped(&slot.publisher);
    put(svg, format_args!("<text class=\"axis end\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>", LEFT - 8.0, top + 10.0));
    let (told, shown) = (BAND - SHOWN - 1.0, top + BAND - SHOWN);
    for span in &slot.told {
        let (from, until) = (scale.x(span.from_s), scale.x(span.until_s));
        let (class, words) = of_told(span);
        put(
            svg,
            format_args!(
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{told}\"><title>{words}</title></rect>",
                until - from
            ),
        );
    }
    for ShownSpan { from_s, until_s, height, frames } in &slot.shown {
        let (from, until) = (scale.x(*from_s), scale.x(*until_s));
        let words = format!("{from_s:.1} to {until_s:.1} s: {frames} frames of {height} px shown");
        put(
            svg,
            format_args!(
                "<rect class=\"h{height}\" x=\"{from:.1}\" y=\"{shown:.1}\" width=\"{:.1}\" height=\"{SHOWN}\"><title>{words}</title></rect>",
                (until - from).max(0.5)
            ),
        );
    }
}

fn of_told(span: &ToldSpan) -> (String, String) {
    let by = span.limited_by.as_ref().map(|by| format!(", limited by {}", escaped(by))).unwrap_or_default();
    let (state, time) = (escaped(&span.state), format!("{:.1} to {:.1} s", span.from_s, span.until_s));
    match span.height.filter(|_| span.state == "live") {
        Some(height) => (format!("h{height}"), format!("{time}: told {height} px{by}")),
        None => (state.clone(), format!("{time}: told {}{by}", state.replace('_', " "))),
    }
}

fn bps(cap: u64) -> f64 {
    crate::account::float(cap)
}

fn put(svg: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{line}");
}

/// Text as HTML has it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
