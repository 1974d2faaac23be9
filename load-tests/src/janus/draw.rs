//! The comparison as bars: for each load what a packet cost ours, and what it cost Janus.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::compare::Comparison;
use crate::bench::RowReport;

const SIZE: (u32, u32) = (1_320, 420);
/// Around the bars: left for the scale, below for the loads, above for the title.
const LEFT: i32 = 70;
const BELOW: i32 = 40;
const ABOVE: i32 = 60;
const OURS: RGBColor = RGBColor(30, 110, 200);
/// By its default, and with event loops.
const JANUS: [RGBColor; 2] = [RGBColor(230, 130, 30), RGBColor(150, 90, 160)];
/// Lines of the scale.
const STEPS: u32 = 5;
/// Share of a load's place that its bars take.
const BARS: f64 = 0.78;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Painted = Result<(), Box<dyn std::error::Error>>;

/// An SVG of a bar of each server for each load. A bar is hollow where its server did not do the whole work.
///
/// # Errors
/// What the drawing library says.
pub fn draw(comparison: &Comparison) -> Result<String, String> {
    let mut svg = String::new();
    paint(comparison, &mut svg).map_err(|error| error.to_string())?;
    Ok(svg)
}

/// Where what goes, in pixels.
struct Scale {
    /// At the top line, ns.
    top: f64,
    /// Of one load.
    width: f64,
    /// Of one bar, as a share of that.
    bar: f64,
}

impl Scale {
    fn of(comparison: &Comparison) -> Self {
        let sides = comparison.rows.iter().flat_map(|row| row.ours.iter().chain(row.janus.iter().flatten()));
        // Hollow bars are cut off: what one who drowns spends on a packet would flatten all others.
        let highest = sides.filter(|row| row.is_whole()).map(|row| row.ns_per_packet.median).fold(1.0, f64::max);
        let step = nice(highest / f64::from(STEPS));
        let loads = f64::from(u32::try_from(comparison.rows.len().max(1)).unwrap_or(u32::MAX));
        let bars = f64::from(u32::try_from(1 + comparison.janus.len()).unwrap_or(u32::MAX));
        let width = f64::from(pixels(f64::from(SIZE.0)) - LEFT - 20) / loads;
        Self { top: step * f64::from(STEPS), width, bar: BARS / bars }
    }

    fn y(&self, ns: f64) -> i32 {
        let (floor, height) = (pixels(f64::from(SIZE.1)) - BELOW, pixels(f64::from(SIZE.1)) - BELOW - ABOVE);
        floor - pixels(f64::from(height) * ns / self.top)
    }

    fn x(&self, load: f64) -> i32 {
        LEFT + pixels(load * self.width)
    }
}

fn paint(comparison: &Comparison, svg: &mut String) -> Painted {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let scale = Scale::of(comparison);
    let middle = pixels(f64::from(SIZE.0) / 2.0);
    write(&area, "server CPU per forwarded packet, µs", (middle, 16), 18, HPos::Center)?;
    legend(&area, comparison)?;
    for step in 0..=STEPS {
        let ns = scale.top * f64::from(step) / f64::from(STEPS);
        let line = [(LEFT, scale.y(ns)), (pixels(f64::from(SIZE.0)) - 20, scale.y(ns))];
        area.draw(&PathElement::new(line, BLACK.mix(0.15)))?;
        write(&area, &format!("{:.1}", ns / 1_000.0), (LEFT - 8, scale.y(ns) - 6), 12, HPos::Right)?;
    }
    for (row, place) in comparison.rows.iter().zip(0_u32..) {
        let place = f64::from(place);
        write(&area, &row.name, (scale.x(place + 0.5), scale.y(0.0) + 8), 14, HPos::Center)?;
        let mut from = place + (1.0 - BARS) / 2.0;
        if let Some(ours) = &row.ours {
            bar(&area, &scale, from, ours, OURS, "")?;
        }
        for (janus, color) in row.janus.iter().zip(JANUS) {
            from += scale.bar;
            let Some(janus) = janus else { continue };
            let times = row.ratio_of(janus).map_or_else(String::new, |ratio| format!(" ({ratio:.1}×)"));
            bar(&area, &scale, from, janus, color, &times)?;
        }
    }
    area.present()?;
    Ok(())
}

fn legend(area: &Area<'_>, comparison: &Comparison) -> Painted {
    let janus = comparison.janus.iter().zip(JANUS).map(|(version, color)| (format!("Janus {version}"), color));
    let names = [("ours".to_owned(), OURS)].into_iter().chain(janus);
    for ((name, color), x) in names.zip([LEFT, LEFT + 90, LEFT + 220]) {
        area.draw(&Rectangle::new([(x, 36), (x + 14, 48)], color.filled()))?;
        write(area, &name, (x + 20, 36), 13, HPos::Left)?;
    }
    write(area, "hollow: packets were lost, no cost of this load", (LEFT + 470, 36), 13, HPos::Left)
}

fn bar(area: &Area<'_>, scale: &Scale, from: f64, row: &RowReport, color: RGBColor, beside: &str) -> Painted {
    let ns = row.ns_per_packet.median.min(scale.top);
    let corners = [(scale.x(from), scale.y(ns)), (scale.x(from + scale.bar) - 2, scale.y(0.0))];
    let whole = row.is_whole();
    let style = if whole { color.filled() } else { color.stroke_width(2) };
    area.draw(&Rectangle::new(corners, style))?;
    let top = (scale.x(from + scale.bar / 2.0), scale.y(ns) - 16);
    let came = row.delivered_percent.map_or(0.0, |delivered| delivered.min);
    let words = if whole { format!("{:.1}{beside}", ns / 1_000.0) } else { format!("{came:.0} % came") };
    write(area, &words, top, 12, HPos::Center)
}

fn write(area: &Area<'_>, words: &str, at: (i32, i32), size: i32, side: HPos) -> Painted {
    let style = ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(side, VPos::Top));
    area.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}

/// The next that a person reads with ease.
fn nice(figure: f64) -> f64 {
    let power = 10_f64.powf(figure.max(1.0).log10().floor());
    [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= figure)
        .unwrap_or(figure)
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a picture's places are below 2³¹")]
fn pixels(figure: f64) -> i32 {
    figure.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Spread, Style, matrix};
    use crate::janus::{Compared, of_comparison};
    use crate::media::Codec;

    #[test]
    fn who_lost_packets_is_shown_by_what_came_and_not_by_a_cost() {
        let spread = |figure| Spread::of([figure].into_iter());
        let row = |cost, delivered| RowReport {
            ns_per_packet: spread(cost),
            delivered_percent: Some(spread(delivered)),
            ..RowReport::of_nothing(&matrix(Codec::Vp8).remove(0))
        };
        let one = |janus| vec![(janus, "1".to_owned())];
        let comparison = Comparison {
            processor: String::new(),
            processors: 2,
            kernel: String::new(),
            janus: vec!["1".to_owned()],
            window_seconds: 1.0,
            repeats: 1,
            rows: vec![
                Compared::new("few", Ok(row(2_000.0, 100.0)), one(Ok(row(20_000.0, 100.0)))),
                Compared::new("many", Ok(row(1_000.0, 100.0)), one(Ok(row(500.0, 61.0)))),
                Compared::new("gone", Ok(row(1_000.0, 100.0)), one(Err("it ended".to_owned()))),
            ],
        };
        let svg = draw(&comparison).unwrap();
        let shown = |words: &str| svg.contains(&format!("\n{words}\n"));
        assert!(shown("20.0 (10.0×)") && shown("61 % came") && shown("gone") && !shown("0.5"), "{svg}");
        let table = of_comparison(&comparison, Style::Markdown);
        assert!(table.contains("| – ") && !table.contains("500 (500–500)") && table.contains("61.0 % !"), "{table}");
        assert_eq!(table.matches("| none ").count(), 2, "{table}");
    }

    #[test]
    fn the_scale_has_round_steps() {
        for (figure, step) in [(0.3, 1.0), (100.0, 100.0), (130.0, 150.0), (2_100.0, 2_500.0), (9_000.0, 10_000.0)] {
            assert!((nice(figure) - step).abs() < 1e-6, "{figure}: {}", nice(figure));
        }
    }
}
