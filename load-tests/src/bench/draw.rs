//! The figures as a picture: cost by crowd, cost by shape, latency by crowd.

use std::collections::BTreeSet;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{BenchError, BenchReport, RowReport};

const SIZE: (u32, u32) = (1_320, 400);
/// Names that an axis has room for; more than there are of either kind.
const NAMES_MAX: usize = 20;
const COLOURS: [RGBColor; 3] = [RGBColor(31, 87, 164), RGBColor(200, 80, 30), RGBColor(40, 140, 90)];
/// What the ends of the lines stand for, by the rows' names behind the crowd's size.
const VARIANTS: [(&str, &str); 3] = [("", "frames, GRO"), ("-no-gro", "frames, no GRO"), ("-single", "single packets")];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;
/// A name, and a figure for each crowd's size.
type Line = (&'static str, Vec<(u16, f64)>);

/// An SVG of three charts side by side.
pub fn draw(report: &BenchReport) -> Result<String, BenchError> {
    let mut svg = String::new();
    paint(report, &mut svg).map_err(|error| BenchError::Draw(error.to_string()))?;
    Ok(svg)
}

fn paint(report: &BenchReport, svg: &mut String) -> Drawn {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let charts = area.split_evenly((1, 3));
    let [cost, shapes, latency] = &charts[..] else { return Ok(()) };
    let system = &report.system;
    let lines =
        VARIANTS.map(|(ending, name)| (name, by_crowd(report, ending, |row| row.cost().map(|cost| cost.median))));
    by_size(cost, &format!("{system}: CPU per forwarded packet, ns"), &lines)?;
    bars(shapes, &format!("{system}: CPU per forwarded packet by shape, ns"), report)?;
    let lines = [
        ("median frame", by_crowd(report, "", |row| Some(row.to_the_last_p50_ms.median))),
        ("99th of 100 frames", by_crowd(report, "", |row| Some(row.to_the_last_p99_ms.median))),
    ];
    by_size(latency, &format!("{system}: a frame to its last viewer, ms"), &lines)?;
    area.present()?;
    Ok(())
}

/// A figure of one variant of the webinars over the number of viewers, where there is one.
fn by_crowd(report: &BenchReport, ending: &str, figure: fn(&RowReport) -> Option<f64>) -> Vec<(u16, f64)> {
    let is_of = |row: &&RowReport| row.name == format!("webinar-{}{ending}", row.shape.subscribers);
    report.rows.iter().filter(is_of).filter_map(|row| Some((row.shape.subscribers, figure(row)?))).collect()
}

/// Lines over the crowds, which are as far apart as there is room.
fn by_size(area: &Area<'_>, title: &str, lines: &[Line]) -> Drawn {
    let all = || lines.iter().flat_map(|(_, points)| points);
    let sizes: Vec<u16> = all().map(|(size, _)| *size).collect::<BTreeSet<_>>().into_iter().collect();
    if sizes.is_empty() {
        return Ok(());
    }
    // Room for the legend above the lines.
    let top = all().map(|(_, y)| *y).fold(0.001, f64::max) * 1.5;
    let last = last_place(sizes.len())?;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d((0..last).into_segmented(), 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(NAMES_MAX)
        .x_label_formatter(&|place| label(place, |at| sizes.get(at).map(ToString::to_string)))
        .y_label_formatter(&|figure| amount(*figure, top))
        .x_desc("viewers of one publisher")
        .draw()?;
    let place = |size: u16| sizes.iter().position(|known| *known == size).and_then(|at| i32::try_from(at).ok());
    for ((name, points), colour) in lines.iter().zip(COLOURS).filter(|((_, points), _)| !points.is_empty()) {
        let points = points.iter().filter_map(|(size, y)| Some((SegmentValue::CenterOf(place(*size)?), *y)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

/// The last of so many places; an axis has two at least.
fn last_place(count: usize) -> Result<i32, std::num::TryFromIntError> {
    Ok(i32::try_from(count)?.saturating_sub(1).max(1))
}

/// What stands at a place of an axis of names.
fn label(place: &SegmentValue<i32>, name: impl Fn(usize) -> Option<String>) -> String {
    match place {
        SegmentValue::Exact(at) | SegmentValue::CenterOf(at) => usize::try_from(*at).ok().and_then(name),
        SegmentValue::Last => None,
    }
    .unwrap_or_default()
}

/// A figure on an axis that goes up to `top`.
fn amount(figure: f64, top: f64) -> String {
    if top > 10.0 { format!("{figure:.0}") } else { format!("{figure:.1}") }
}

/// One bar for each row that is not of the first chart, and for a webinar to compare with; for those that have a cost.
fn bars(area: &Area<'_>, title: &str, report: &BenchReport) -> Drawn {
    let is_shown = |row: &&RowReport| row.shape.name != "webinar" || row.name == "webinar-200";
    let rows: Vec<_> = report.rows.iter().filter(is_shown).filter(|row| row.is_whole()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let right = rows.iter().map(|row| row.ns_per_packet.max).fold(1.0, f64::max) * 1.1;
    let last = last_place(rows.len())?;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..right, (0..last).into_segmented())?;
    // The first row on top.
    let name = |at: usize| Some(rows.iter().rev().nth(at)?.name.clone());
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(WHITE)
        .y_labels(NAMES_MAX)
        .y_label_formatter(&|place| label(place, name))
        .x_label_formatter(&|figure| amount(*figure, right))
        .x_labels(6)
        .x_desc("median, and from the least to the most")
        .draw()?;
    let colour = COLOURS.first().copied().unwrap_or(BLACK);
    for (row, at) in rows.iter().rev().zip(0..) {
        let cost = row.ns_per_packet;
        let bar = [(0.0, SegmentValue::Exact(at)), (cost.median, SegmentValue::Exact(at + 1))];
        let mut bar = Rectangle::new(bar, colour.mix(0.6).filled());
        bar.set_margin(4, 4, 0, 0);
        let middle = SegmentValue::CenterOf(at);
        let reach = PathElement::new([(cost.min, middle.clone()), (cost.max, middle)], BLACK.stroke_width(2));
        chart.draw_series([bar])?;
        chart.draw_series([reach])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Spread, matrix};
    use crate::media::Codec;

    fn report(names: &[&str]) -> BenchReport {
        let rows = matrix(Codec::Vp8).into_iter().filter(|row| names.contains(&row.name.as_str()));
        let some = Spread { median: 2.0, min: 1.0, max: 3.0 };
        let rows = rows.map(|row| RowReport {
            ns_per_packet: some,
            to_the_last_p50_ms: some,
            to_the_last_p99_ms: some,
            ..RowReport::of_nothing(&row)
        });
        BenchReport {
            system: "sfu".to_owned(),
            processor: String::new(),
            processors: 2,
            kernel: String::new(),
            window_seconds: 1.0,
            repeats: 1,
            rows: rows.collect(),
            passed_over: Vec::new(),
        }
    }

    #[test]
    fn few_rows_can_be_drawn_and_each_is_named() {
        let drawn = |names: &[&str]| draw(&report(names)).unwrap();
        assert!(drawn(&[]).ends_with("</svg>\n"));
        assert!(drawn(&["rooms-50"]).contains("\nrooms-50\n"));
        let svg = drawn(&["webinar-10", "webinar-1000-single", "audio-100"]);
        assert!(
            ["\n10\n", "\n1000\n", "\naudio-100\n", "\nsingle packets\n"].iter().all(|name| svg.contains(name)),
            "{svg}"
        );
    }
}
