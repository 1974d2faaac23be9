//! Reports as tables for a terminal.

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

use crate::lean::{CrowdReport, Media, Publishers};
use crate::scenario::{Percentiles, Report};

fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn percentiles(of: &Percentiles) -> String {
    if of.samples == 0 {
        return "–".to_owned();
    }
    format!("p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({} samples)", of.p50_ms, of.p99_ms, of.max_ms, of.samples)
}

/// A run's report.
pub fn of_run(report: &Report) -> String {
    let plan = &report.plan;
    let mut table = table();
    let audio = if plan.audio { " + Opus" } else { "" };
    let received = report.received;
    let (in_all, out_all) = (report.received_in_all, report.sent_in_all);
    // A counter's size never comes near 2⁵³.
    let per_second = |count: u64| {
        format!("{:.0}/s", f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / report.seconds.max(0.001))
    };
    table.add_rows([
        ["rooms × publishers × viewers", &format!("{} × {} × {}", plan.rooms, plan.publishers, plan.subscribers)],
        ["media", &format!("{}{audio}", plan.codec)],
        ["measured", &format!("{:.1} s", report.seconds)],
        ["viewers judged / counting", &format!("{} / {}", report.judged_viewers, report.counting_viewers)],
        ["packets sent", &format!("{} ({})", report.sent.rtp_out, per_second(report.sent.rtp_out))],
        ["packets received", &format!("{} ({})", received.rtp_in, per_second(received.rtp_in))],
        ["packets missing at first", &in_all.missing_in.to_string()],
        ["retransmissions received / sent", &format!("{} / {}", in_all.rtx_in, out_all.rtx_out)],
        ["NACK by viewers / to publishers", &format!("{} / {}", in_all.nacks_out, out_all.nacks_in)],
        ["PLI by viewers / to publishers", &format!("{} / {}", in_all.plis_out, out_all.plis_in)],
        ["whole frames", &report.frames.to_string()],
        ["late / repeated packets", &format!("{} / {}", report.late, report.duplicates)],
        ["first frame", &percentiles(&report.first_frame)],
        ["frame latency", &percentiles(&report.frame_latency)],
        ["faults", &if report.faults.is_empty() { "none".to_owned() } else { format!("{:?}", report.faults) }],
    ]);
    let mut text = table.to_string();
    for failure in &report.failures {
        text += &format!("\n✗ {failure}");
    }
    if report.failures_total > report.failures.len() {
        text += &format!("\n✗ … and {} more", report.failures_total - report.failures.len());
    }
    if report.verified {
        text += "\n✓ every judged frame is the publisher's, whole and decodable";
    }
    text
}

/// A crowd's report.
pub fn of_crowd(report: &CrowdReport) -> String {
    let mut table = table();
    let (shape, measured, flow) = (&report.shape, &report.measured, &report.measured.flow);
    let media = match shape.media {
        Media::Video => shape.codec.to_string(),
        Media::Both | Media::BothWithPauses => format!("{} + Opus", shape.codec),
        Media::Audio | Media::AudioWithPauses => "Opus".to_owned(),
    };
    let publishers = match shape.publishers_do {
        Publishers::Publish => "publishers",
        Publishers::Meet => "who publish and watch",
    };
    let known = |figure: Option<f64>, unit: &str| {
        figure.map_or("unknown without --server-pid and packets".to_owned(), |it| format!("{it:.0} {unit}"))
    };
    table.add_rows([
        ["shape", shape.name],
        ["rooms", &shape.rooms.to_string()],
        ["in each room", &format!("{} {publishers}, {} who watch", shape.publishers, shape.subscribers)],
        ["media", &media],
        ["measured", &format!("{:.1} s", flow.seconds)],
        ["joined / connected / judged", &format!("{} / {} / {}", report.joined, report.connected, report.judged)],
        [
            "packets received",
            &format!("{} ({:.0}/s, {:.0} Mbit/s)", flow.packets, flow.packets_per_second, flow.megabits_per_second),
        ],
        ["of those authenticated", &flow.opened.to_string()],
        [
            "packets for each receive call",
            &format!("{:.1}{}", flow.packets_per_receive, if report.gro { "" } else { " (no GRO)" }),
        ],
        ["mended / repeated packets", &format!("{} / {}", report.mended, report.duplicates)],
        ["NACK / PLI by viewers", &format!("{} / {}", flow.nacks, flow.plis)],
        ["NACK / PLI to publishers", &format!("{} / {}", report.publishers.nacks_in, report.publishers.plis_in)],
        ["whole frames", &report.frames.to_string()],
        ["offer to keys", &percentiles(&report.connect)],
        ["offer to first frame", &percentiles(&report.first_frame)],
        ["frame latency", &percentiles(&report.frame_latency)],
        ["to the last viewer of a frame", &percentiles(&measured.frames.to_the_last)],
        ["of that the clients' own, at least", &percentiles(&measured.frames.queued)],
        [
            "frames that reached everybody",
            &measured
                .frames
                .to_all
                .map_or_else(|| "–".to_owned(), |all| format!("{all} of {}", measured.frames.frames)),
        ],
        ["layout to its encoding", &percentiles(&report.layer_switch)],
        ["sound from picture", &percentiles(&report.lip_offset)],
        [
            "clients' CPU",
            &format!("{:.0} ns a packet, {:.2} cores in {} threads", flow.ns_per_packet, flow.cores, report.threads),
        ],
        ["publishers' and signalling's", &format!("{:.2} cores", measured.other_client_cores)],
        ["server's CPU", &known(measured.server_ns_per_packet, "ns a packet")],
        ["faults", &if report.faults.is_empty() { "none".to_owned() } else { format!("{:?}", report.faults) }],
    ]);
    let mut text = table.to_string();
    report.warnings.iter().for_each(|words| text += &format!("\n! {words}"));
    report.failures.iter().for_each(|words| text += &format!("\n✗ {words}"));
    if report.failures_total > report.failures.len() {
        text += &format!("\n✗ … and {} more", report.failures_total - report.failures.len());
    }
    if report.interrupted {
        text += "\n! interrupted: the figures are of the time until then";
    }
    if report.verified {
        text += "\n✓ nothing that was looked at is wrong";
    }
    text
}
