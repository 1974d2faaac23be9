//! A proof as one page of HTML, that needs nothing else and follows the reader's colour scheme.

use std::fmt::Write;

use super::graph::{escaped, graph};
use super::report::{CapProofReport, Course, StepReport, UnderCap};
use super::script::rate;
use super::table::figures;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(report: &CapProofReport) -> String {
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html += "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Do caps hold?</title>\n";
    let _ = writeln!(html, "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Do caps hold?</h1>");
    head(&mut html, report);
    legend(&mut html);
    if !report.all.under.is_empty() {
        section(
            &mut html,
            "All viewers together, against what the room may send",
            "",
            &graph(report, &report.all, &[]),
        );
    }
    for viewer in &report.viewers {
        let sound = format!("longest without a sound: {:.2} s", viewer.sound_gap_s);
        section(&mut html, &viewer.name, &sound, &graph(report, &viewer.course, &viewer.slots));
    }
    steps(&mut html, report);
    notes(&mut html, report);
    html += "</main>\n</body>\n</html>\n";
    html
}

/// The first viewer's graph by itself, for a README, where nothing can be pointed at.
pub fn picture(report: &CapProofReport) -> String {
    let graph = report.viewers.first().map(|viewer| graph(report, &viewer.course, &viewer.slots)).unwrap_or_default();
    let style = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\"$1>\n<style>\n{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"var(--card)\"/>\n"
    );
    match graph.strip_prefix("<svg").and_then(|rest| rest.split_once(">\n")) {
        Some((attributes, rest)) => {
            let seen = rest.lines().filter(|line| !line.contains("class=\"hover\""));
            style.replace("$1", attributes) + &seen.map(|line| format!("{line}\n")).collect::<String>()
        }
        None => graph,
    }
}

fn head(html: &mut String, report: &CapProofReport) {
    let (class, verdict) = match report.held {
        true => ("good", "Yes: no window broke its bound."),
        false => ("bad", "No: something is wrong."),
    };
    let interrupted = if report.interrupted { " The run was interrupted." } else { "" };
    let _ = writeln!(html, "<p class=\"verdict {class}\">{verdict}{interrupted}</p>");
    list(html, "bad", &report.failures);
    list(html, "warning", &report.warnings);
    let _ = writeln!(
        html,
        "<p>{} viewers of {} publishers, who send real video in three encodings and sound; {} changes of caps in {:.0} s, drawn by seed {}. \
         Counted is every UDP payload that a viewer’s own socket received: media, repeats, padding, reports, checks and handshakes.</p>",
        report.viewers.len(),
        report.publishers,
        report.steps.iter().filter(|step| !step.changes.is_empty()).count(),
        report.seconds,
        report.seed
    );
    let [settled, overshoot, allowance, violations] = figures(&report.worst);
    let tiles = [
        ("settled in", settled, "after the answer at worst; 1 s is allowed"),
        ("overshoot", overshoot, "of the worst second, from 1 s after the answer on"),
        ("of the bound", allowance, "of what a window may bring at once, at worst"),
        ("violations", violations, "windows that broke the bound"),
        ("pictures back", seconds(report.picture_back_s), "after the last cap was lifted, at worst"),
        ("the highest back", seconds(report.highest_back_s), "after the last cap was lifted, at worst"),
    ];
    *html += "<dl class=\"tiles\">\n";
    for (name, figure, words) in tiles {
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{figure}</dd><dd class=\"words\">{words}</dd></div>");
    }
    *html += "</dl>\n";
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2} s"))
}

fn list(html: &mut String, class: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let lines: String = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
    let _ = writeln!(html, "<ul class=\"{class}\">\n{lines}</ul>");
}

fn legend(html: &mut String) {
    let lines = [("cap", "cap"), ("came", "came, each second since a change was answered")];
    let bands = [
        ("h360", "360 px"),
        ("h180", "180 px"),
        ("h90", "90 px"),
        ("paused", "paused"),
        ("awaiting_keyframe", "awaits a keyframe or media"),
    ];
    *html += "<p class=\"legend\">\n";
    for (class, words) in lines {
        let _ = writeln!(
            html,
            "<span><svg viewBox=\"0 0 22 10\"><line class=\"{class}\" x1=\"0\" x2=\"22\" y1=\"5\" y2=\"5\"/></svg>{words}</span>"
        );
    }
    for (class, words) in bands {
        let _ = writeln!(
            html,
            "<span><svg viewBox=\"0 0 22 10\"><rect class=\"{class}\" width=\"22\" height=\"10\"/></svg>{words}</span>"
        );
    }
    *html += "<span>of a band, the upper part is what the server told of the slot, the lower the frames that came; numbers are the steps below; point at anything for more</span>\n</p>\n";
}

fn section(html: &mut String, title: &str, words: &str, graph: &str) {
    let title = escaped(title);
    let _ = writeln!(
        html,
        "<section>\n<h2>{title} <small>{words}</small></h2>\n<div class=\"graph\">{graph}</div>\n</section>"
    );
}

fn steps(html: &mut String, report: &CapProofReport) {
    *html += "<h2>Step by step</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>step</th><th>what was set</th><th>at</th><th>answered in</th>\
              <th>settled in</th><th>overshoot</th><th>of the bound</th><th>violations</th><th>pictures back</th><th>the highest</th></tr></thead>\n<tbody>\n";
    for (number, step) in report.steps.iter().enumerate() {
        let StepReport { words, asked_s, answered_s, .. } = step;
        let worst = worst(report, number);
        let worst = worst.map_or_else(|| std::array::from_fn(|_| "–".to_owned()), |found| figures(&found));
        let [settled, overshoot, allowance, violations] = worst;
        let answered = 1_000.0 * (answered_s - asked_s);
        let (back, highest) = (seconds(step.picture_back_s), seconds(step.highest_back_s));
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{:.1} s</td><td>{answered:.0} ms</td><td>{settled}</td><td>{overshoot}</td><td>{allowance}</td>\
             <td>{violations}</td><td>{back}</td><td>{highest}</td></tr>",
            number + 1,
            escaped(words),
            asked_s.max(0.0)
        );
    }
    *html += "</tbody>\n</table></div>\n";
}

/// The worst of all stretches that began with a step.
fn worst(report: &CapProofReport, step: usize) -> Option<super::bound::Found> {
    let courses = report.viewers.iter().map(|viewer| &viewer.course).chain([&report.all]);
    let under = courses.flat_map(|course: &Course| &course.under).filter(|under: &&UnderCap| under.step == step);
    under.map(|under| under.found).reduce(super::bound::Found::or)
}

fn notes(html: &mut String, report: &CapProofReport) {
    let lowest = report.viewers.iter().flat_map(|viewer| &viewer.course.under).map(|under| under.cap_bps).min();
    let lowest = lowest.map(|bps| format!(" The lowest cap was {}.", rate(bps))).unwrap_or_default();
    let _ = writeln!(
        html,
        "<p class=\"notes\">The bound: bytes over any window <i>T</i> ≤ 1.05 × cap × (<i>T</i> + 1 s), for every window from 1 s after the \
         change was answered until the cap is another. A window may so bring a second’s worth at once, of which <i>of the bound</i> tells how \
         much was taken. Sound is exempt from caps, so none here is below what the voices need.{lowest}</p>"
    );
}
