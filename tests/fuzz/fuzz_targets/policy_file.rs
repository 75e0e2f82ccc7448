#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| helmwatch::fuzzing::run("policy_file", data));
