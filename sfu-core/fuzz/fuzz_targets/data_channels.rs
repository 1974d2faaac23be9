#![no_main]

use std::sync::Once;

/// A panic of the library is caught and counted, and no finding: the fuzzer's hook would end the process at once.
static CAUGHT: Once = Once::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    CAUGHT.call_once(|| std::panic::set_hook(Box::new(|what| eprintln!("{what}"))));
    sfu_core_fuzz::data_channels(data);
});
