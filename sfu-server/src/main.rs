//! `sfu-server`: reads the configuration and serves until told to stop.

use std::process::ExitCode;

fn main() -> ExitCode {
    sfu_server::cli::main(std::env::args_os(), std::env::vars_os())
}
