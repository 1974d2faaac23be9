//! The figures as a picture: cost per packet and latency over the number of viewers.

use plotters::prelude::*;

use super::BenchReport;

const SIZE: (u32, u32) = (900, 360);

/// An SVG of two charts side by side.
pub fn draw(report: &BenchReport) -> Result<String, super::BenchError> {
    let mut svg = String::new();
    paint(report, &mut svg).map_err(|error| super::BenchError::Draw(error.to_string()))?;
    Ok(svg)
}

fn paint(report: &BenchReport, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (cost, latency) = area.split_horizontally(SIZE.0 / 2);
    let points = |of: fn(&super::Step) -> f64| -> Vec<_> {
        report.steps.iter().map(|step| (f64::from(step.viewers), of(step))).collect()
    };
    chart(
        &cost,
        &format!("server CPU per forwarded packet, ns ({})", report.codec),
        &[
            ("median", BLUE, points(|step| step.ns_per_packet.median)),
            ("min", CYAN, points(|step| step.ns_per_packet.min)),
            ("max", RED, points(|step| step.ns_per_packet.max)),
        ],
    )?;
    chart(
        &latency,
        "frame latency, ms",
        &[
            ("p50", BLUE, points(|step| step.frame_latency.p50_ms)),
            ("p99", RED, points(|step| step.frame_latency.p99_ms)),
        ],
    )?;
    area.present()?;
    Ok(())
}

type Line<'a> = (&'a str, RGBColor, Vec<(f64, f64)>);

fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    lines: &[Line<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let all = || lines.iter().flat_map(|(_, _, points)| points);
    let right = all().map(|(x, _)| *x).fold(1.0, f64::max) * 1.05;
    // Room for the legend above the lines.
    let top = all().map(|(_, y)| *y).fold(0.001, f64::max) * 1.4;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..right, 0.0..top)?;
    chart.configure_mesh().x_desc("viewers of one publisher").light_line_style(WHITE).draw()?;
    for (name, color, points) in lines {
        let color = *color;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}
