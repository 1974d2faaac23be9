//! The layers of the configuration: each says what it sets and where; the later one wins, whole options at a time.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Hint};
use super::option::{self, CLIENT_VARIABLES, CONFIG_VARIABLE, OPTIONS, Shape, Spec, VARIABLE_PREFIX};
use super::report::HIDDEN;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// A line of the configuration file.
    File {
        path: PathBuf,
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag, without its dashes.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

/// What is set, as written, with the winner's origin.
#[derive(Debug, Clone)]
pub struct Layers(BTreeMap<&'static str, (Vec<String>, Origin)>);

impl Default for Layers {
    fn default() -> Self {
        Self(OPTIONS.iter().map(|spec| (spec.key, ((spec.default)(), Origin::Default))).collect())
    }
}

impl Layers {
    /// Reads a TOML file over what is there.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::FileUnreadable { path: path.to_owned(), source })?;
        let line_of = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        let table = DeTable::parse(&text).map_err(|error| ConfigError::FileSyntax {
            path: path.to_owned(),
            line: line_of(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        for (key, value) in table.get_ref() {
            let line = line_of(key.span().start);
            let Some(spec) = option::find(key.get_ref()) else {
                let hint = Hint::nearest(key.get_ref(), OPTIONS.iter().map(|spec| spec.key.to_owned()));
                let key = key.get_ref().to_string();
                return Err(ConfigError::UnknownKey { path: path.to_owned(), line, key, hint });
            };
            let origin = Origin::File { path: path.to_owned(), line };
            match written(spec.shape, value.get_ref()) {
                Some(values) => self.set(spec, values, origin),
                None => return Err(ConfigError::WrongType { origin, key: spec.key, expected: toml_type(spec.shape) }),
            }
        }
        Ok(())
    }

    /// Reads the process's variables (or a test's) over what is there; those of other programs are not looked at.
    pub fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        let is_setting = |name: &str| {
            name.starts_with(VARIABLE_PREFIX) && name != CONFIG_VARIABLE && !CLIENT_VARIABLES.contains(&name)
        };
        let ours = variables.filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value)));
        for (name, value) in ours.filter(|(name, _)| is_setting(name)) {
            if is_service_link(&name, &value.to_string_lossy()) {
                return Err(ConfigError::ServiceLink { name });
            }
            let Some(spec) = OPTIONS.iter().find(|spec| spec.variable() == name) else {
                let known = OPTIONS.iter().map(Spec::variable).chain([CONFIG_VARIABLE.to_owned()]);
                return Err(ConfigError::UnknownVariable { hint: Hint::nearest(&name, known), name });
            };
            let Some(value) = OsStr::to_str(&value) else { return Err(ConfigError::VariableNotText { name }) };
            let values = match spec.shape {
                Shape::List => split(value),
                Shape::Text | Shape::Integer | Shape::Switch => vec![value.to_owned()],
            };
            self.set(spec, values, Origin::Variable(name));
        }
        Ok(())
    }

    /// Puts a flag's values over what is there.
    pub fn add_flag(&mut self, spec: &'static Spec, values: &[String]) {
        let values = match spec.shape {
            Shape::List => values.iter().flat_map(|value| split(value)).collect(),
            Shape::Text | Shape::Integer | Shape::Switch => values.to_vec(),
        };
        self.set(spec, values, Origin::Flag(spec.flag));
    }

    /// What an option is set to, as written, and by whom.
    pub fn get(&self, spec: &Spec) -> Option<(&[String], &Origin)> {
        self.0.get(spec.key).map(|(values, origin)| (values.as_slice(), origin))
    }

    pub(super) fn one<T>(&self, key: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        let (values, origin) = self.written(key);
        let value = values.last().map_or("", String::as_str);
        parse(value).ok_or_else(|| malformed(key, value, origin))
    }

    pub(super) fn many<T>(&self, key: &'static str, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, ConfigError> {
        let (values, origin) = self.written(key);
        values.iter().map(|value| parse(value).ok_or_else(|| malformed(key, value, origin))).collect()
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        self.written(key).1.clone()
    }

    fn written(&self, key: &str) -> (&[String], &Origin) {
        self.0.get(key).map_or((&[], &Origin::Default), |(values, origin)| (values.as_slice(), origin))
    }

    fn set(&mut self, spec: &'static Spec, values: Vec<String>, origin: Origin) {
        self.0.insert(spec.key, (values, origin));
    }
}

/// Whether this is one of the variables that Kubernetes gives a pod for each Service, in its own form or Docker's:
/// `SFU_SERVICE_HOST`, `SFU_SERVICE_PORT_HTTP`, `SFU_PORT=tcp://…`, `SFU_PORT_80_TCP_ADDR`. A Service named sfu-media
/// even sets `SFU_MEDIA_PORT`.
fn is_service_link(name: &str, value: &str) -> bool {
    let of_a_port = |(_, port): (&str, &str)| {
        let mut parts = port.split('_');
        parts.next().is_some_and(|number| number.parse::<u16>().is_ok())
            && parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split_once("_PORT_").is_some_and(of_a_port)
        || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

fn split(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn malformed(key: &'static str, value: &str, origin: &Origin) -> ConfigError {
    let spec = option::find(key);
    let shown = if spec.is_some_and(Spec::is_secret) { HIDDEN } else { value };
    let valid = spec.map_or("", |spec| spec.valid);
    ConfigError::Malformed { origin: origin.clone(), key, value: shown.to_owned(), valid }
}

fn written(shape: Shape, value: &DeValue<'_>) -> Option<Vec<String>> {
    match (shape, value) {
        (Shape::Integer, DeValue::Integer(number)) => Some(vec![number.to_string()]),
        (Shape::Switch, DeValue::Boolean(on)) => Some(vec![on.to_string()]),
        (Shape::Text, DeValue::String(text)) => Some(vec![text.to_string()]),
        (Shape::List, DeValue::Array(items)) => {
            items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn toml_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a string in quotes",
        Shape::Integer => "an integer without quotes",
        Shape::Switch => "true or false, without quotes",
        Shape::List => "an array of strings, such as [\"192.0.2.7\"]",
    }
}
