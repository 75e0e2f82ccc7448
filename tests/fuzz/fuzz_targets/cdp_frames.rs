#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| helmwatch::fuzzing::run("cdp_frames", data));
