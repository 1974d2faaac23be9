//! A picture of the story of the link that falls and rises: what it carries, what it is taken for, what came, and how high the
//! picture was.

use std::fmt::Write as _;
use std::time::Instant;

use crate::camera::Layers;
use crate::scene::{Sample, Scene};
use crate::stories::capacity::{Course, tell_of};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 300.0;
/// Of the strip that shows the picture's height.
const STRIP: f64 = 26.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 44.0;
const MAX_BPS: f64 = 5e6;

struct Axes {
    began: Instant,
    seconds: f64,
}

impl Axes {
    fn x(&self, at: Instant) -> f64 {
        LEFT + (at - self.began).as_secs_f64() / self.seconds * (WIDTH - LEFT - 20.0)
    }

    fn y(bps: f64) -> f64 {
        TOP + (1.0 - bps.min(MAX_BPS) / MAX_BPS) * HEIGHT
    }

    fn line(&self, out: &mut String, colour: &str, points: impl Iterator<Item = (Instant, f64)>) {
        let points: Vec<String> = points.map(|(at, bps)| format!("{:.1},{:.1}", self.x(at), Self::y(bps))).collect();
        let points = points.join(" ");
        writeln!(out, r#"<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>"#).unwrap();
    }
}

fn draw(scene: &mut Scene, course: &Course) -> String {
    let end = scene.world.now;
    let axes = Axes { began: course.began, seconds: (end - course.began).as_secs_f64() };
    let bottom = TOP + HEIGHT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        bottom + STRIP + 40.0
    );
    for (place, (name, colour)) in LEGEND.iter().enumerate() {
        let x = LEFT + 190.0 * place as f64;
        writeln!(
            out,
            r#"<rect x="{x}" y="14" width="14" height="4" fill="{colour}"/><text x="{}" y="20">{name}</text>"#,
            x + 20.0
        )
        .unwrap();
    }
    for mbps in 0..=5_u32 {
        let y = Axes::y(f64::from(mbps) * 1e6);
        writeln!(
            out,
            r##"<path d="M{LEFT} {y}H{}" stroke="#ddd"/><text x="4" y="{}">{mbps} Mbit/s</text>"##,
            WIDTH - 20.0,
            y + 4.0
        )
        .unwrap();
    }
    let link = [
        (course.began, 3e6),
        (course.fell, 3e6),
        (course.fell, 3e5),
        (course.rose, 3e5),
        (course.rose, 3e6),
        (end, 3e6),
    ];
    axes.line(&mut out, LEGEND[0].1, link.into_iter());
    let samples: Vec<Sample> = scene.samples.clone();
    axes.line(&mut out, LEGEND[1].1, samples.iter().map(|it| (it.at, it.estimate_bps)));
    axes.line(&mut out, LEGEND[2].1, samples.iter().map(|it| (it.at, it.came_bps)));
    strip(scene, &axes, course, &mut out);
    for second in (0..=axes.seconds as u32).step_by(5) {
        let x = axes.x(course.began + std::time::Duration::from_secs(u64::from(second)));
        writeln!(out, r#"<text x="{x:.1}" y="{}" text-anchor="middle">{second} s</text>"#, bottom + STRIP + 24.0)
            .unwrap();
    }
    out + "</svg>\n"
}

const LEGEND: [(&str, &str); 3] =
    [("the link", "#888888"), ("what it is taken for", "#d98200"), ("what came", "#1668b8")];

/// How high the picture was that was shown.
fn strip(scene: &mut Scene, axes: &Axes, course: &Course, out: &mut String) {
    let viewer = scene.world.clients.iter().position(|client| client.role.viewer.is_some()).unwrap();
    let end = scene.world.now;
    let shown = scene.world.viewer(viewer).eye(0).0.shown.clone();
    let top = TOP + HEIGHT + 4.0;
    let mut runs: Vec<(Instant, u16)> =
        shown.iter().filter(|it| it.at >= course.began).map(|it| (it.at, it.height())).collect();
    runs.dedup_by_key(|(_, height)| *height);
    let ends: Vec<Instant> = runs.iter().skip(1).map(|(at, _)| *at).chain([end]).collect();
    for ((from, height), to) in runs.into_iter().zip(ends) {
        let colour = match height {
            720 => "#7bc47f",
            360 => "#f3d26b",
            _ => "#e89a7a",
        };
        let (x, width) = (axes.x(from), axes.x(to) - axes.x(from));
        writeln!(out, r#"<rect x="{x:.1}" y="{top}" width="{width:.1}" height="{STRIP}" fill="{colour}"/>"#).unwrap();
        if width > 30.0 {
            writeln!(
                out,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{height}</text>"#,
                x + width / 2.0,
                top + 17.0
            )
            .unwrap();
        }
    }
    writeln!(out, r#"<text x="4" y="{}">lines</text>"#, top + 17.0).unwrap();
}

#[test]
#[ignore = "draws a picture for people"]
fn plot() {
    let (mut scene, _, course) = tell_of(Scene::thrifty(0, Layers::One));
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/capacity.svg");
    std::fs::write(path, draw(&mut scene, &course)).unwrap();
    println!("the link that falls and rises: {path}");
}
