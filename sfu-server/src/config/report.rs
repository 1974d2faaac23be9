//! `--check-config`: every value and where it came from, written as a configuration file that says the same.

use std::fmt::Write;

use super::layer::{Layers, Origin};
use super::option::{OPTIONS, Shape, Spec};

/// In place of a secret.
pub(super) const HIDDEN: &str = "********";

/// One line per option: `key = value  # origin`; passwords are not shown.
pub fn report(layers: &Layers) -> String {
    let lines: Vec<(String, String)> = OPTIONS
        .iter()
        .filter_map(|spec| {
            let (values, origin) = layers.get(spec)?;
            Some((format!("{} = {}", spec.key, written(spec, values)), provenance(spec, origin)))
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    lines.iter().fold(String::new(), |mut text, (line, origin)| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{line:width$}  # {origin}");
        text
    })
}

fn provenance(spec: &Spec, origin: &Origin) -> String {
    match origin {
        Origin::Default if !spec.default_note.is_empty() => format!("{origin}: {}", spec.default_note),
        Origin::Default | Origin::File { .. } | Origin::Variable(_) | Origin::Flag(_) => origin.to_string(),
    }
}

fn written(spec: &Spec, values: &[String]) -> String {
    match spec.shape {
        Shape::Integer | Shape::Switch => values.concat(),
        Shape::Text if spec.is_secret() && !values.concat().is_empty() => quoted(HIDDEN),
        Shape::Text => quoted(&values.concat()),
        Shape::List => {
            let items: Vec<String> = values.iter().map(|value| quoted(&shown(spec, value))).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn shown(spec: &Spec, value: &str) -> String {
    let mut words = value.split_ascii_whitespace();
    match (spec.key, words.next(), words.next()) {
        ("ice_server", Some(uri), Some(username)) => format!("{uri} {username} {HIDDEN}"),
        _ => value.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
