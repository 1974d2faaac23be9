//! The real server's program: `SFU_SERVER_BIN`, or built here.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Where it lies; built at the first call, once for all tests of a program.
pub fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM
        .get_or_init(|| {
            if let Some(program) = std::env::var_os("SFU_SERVER_BIN") {
                return PathBuf::from(program);
            }
            let built = Command::new(env!("CARGO")).args(["build", "-p", "sfu-server"]).status().unwrap();
            assert!(built.success(), "sfu-server does not build");
            // Beside this test's own program: target/debug/deps/<test>.
            let deps = std::env::current_exe().unwrap();
            deps.ancestors().nth(2).unwrap().join("sfu-server")
        })
        .clone()
}
