//! Where log lines go and which are kept.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Put before the operator's filter, which may undo it: rtc-dtls warns a dozen times per join about extensions it does not know.
const QUIETED: &str = "rtc_dtls=error,rtc_stun=error,rtc_srtp=error";

/// Starts logging to standard error; a second call changes nothing.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(format!("{QUIETED},{}", config.log)).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // Only a process that already logs, such as a test, gets here.
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}
