//! Makes the crate compile where the page was not built: a folder to embed, with one page in it that says what to run.
//! It never runs npm: building the page is `make viewer`, and a Rust build must not need Node or a network.

use std::path::Path;
use std::{fs, io};

/// Stands in the page written here and in no built one.
const MARK: &str = "helmwatch-viewer-not-built";

const PAGE: &str = "<!doctype html>\n<html lang=\"en\" id=\"helmwatch-viewer-not-built\">\n<meta charset=\"utf-8\">\n<title>Helmwatch</title>\n\
<p>This Helmwatch was compiled without its viewer. Run <code>make viewer</code>, then compile it again.</p>\n</html>\n";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=dist");
    let index = Path::new("dist/index.html");
    if !index.exists() {
        fs::create_dir_all("dist")?;
        fs::write(index, PAGE)?;
    }
    if fs::read_to_string(index)?.contains(MARK) {
        println!("cargo:warning=the viewer page is not built; run `make viewer` (npm ci && npm run build in viewer/)");
    }
    Ok(())
}
