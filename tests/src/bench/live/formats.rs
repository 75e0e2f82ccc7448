//! JPEG against WebP: the screencast gives JPEG or PNG alone, so WebP would have to be made of it; is it worth that?

use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::raw::Raw;
use super::sample::median;
use crate::Outcome;
use crate::bench::ms;
use crate::site::Site;

/// Pictures of each page in each format.
const PICTURES: usize = 8;

/// One page at one size.
#[derive(Debug, Clone, Serialize)]
pub struct Formats {
    pub page: String,
    pub width: u32,
    pub jpeg_kib: f64,
    pub webp_kib: f64,
    /// Taking the picture and encoding it, in Chromium.
    pub jpeg_ms: f64,
    pub webp_ms: f64,
}

pub(super) async fn all(raw: &Raw, site: &Site) -> Outcome<Vec<Formats>> {
    let page = &raw.pages[0];
    let mut all = Vec::new();
    for path in ["/form", "/shop", "/list"] {
        page.goto(&site.url(path)).await?;
        for width in [1_280_u32, 480] {
            let mut taken = [(Vec::new(), 0.0), (Vec::new(), 0.0)];
            for _ in 0..PICTURES {
                for (format, taken) in ["jpeg", "webp"].into_iter().zip(&mut taken) {
                    let scale = f64::from(width) / 1_280.0;
                    let clip = json!({ "x": 0, "y": 0, "width": 1280, "height": 720, "scale": scale });
                    let wanted = json!({ "format": format, "quality": 75, "clip": clip });
                    let began = Instant::now();
                    let answer = page.call("Page.captureScreenshot", wanted).await?;
                    taken.0.push(ms(began.elapsed()));
                    #[allow(clippy::cast_precision_loss, reason = "a few hundred kilobytes")]
                    let kib = answer["data"].as_str().map_or(0, str::len) as f64 * 0.75 / 1_024.0;
                    taken.1 = kib;
                }
            }
            let [(jpeg, jpeg_kib), (webp, webp_kib)] = taken;
            let (jpeg_ms, webp_ms) = (median(jpeg), median(webp));
            all.push(Formats { page: path.to_owned(), width, jpeg_kib, webp_kib, jpeg_ms, webp_ms });
        }
    }
    page.goto(&site.url("/")).await?;
    Ok(all)
}
