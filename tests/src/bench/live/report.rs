//! The live picture's figures, to be quoted as they are, and what was to be reached beside them.

use std::fmt;

use serde::Serialize;

use super::GRID;
use super::crowd::{Crowd, Stopped};
use super::formats::Formats;
use super::grid::{Cost, Grid};
use super::input::Input;
use super::peer::Beside;
use super::sample::median;
use super::streams::{PAGES, Stream, Streams};
use crate::bench::target::Target;

/// Everything measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LiveReport {
    pub rounds: u32,
    /// One-minute load average before and after.
    pub load: [f64; 2],
    pub streams: Vec<Streams>,
    pub grids: Vec<Grid>,
    pub inputs: Vec<Input>,
    pub formats: Vec<Formats>,
    pub crowds: Vec<Crowd>,
    pub stopped: Option<Stopped>,
    pub peers: Vec<Beside>,
}

/// The middle one of what is read from each round.
fn middle<T>(rounds: &[T], read: impl Fn(&T) -> f64) -> f64 {
    median(rounds.iter().map(read).collect())
}

impl LiveReport {
    fn of(&self, pages: usize) -> Vec<Streams> {
        self.streams.iter().copied().filter(|streams| streams.pages == pages).collect()
    }

    /// What was to be reached.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut target = |what: String, bound: &str, value: String, reached: bool| {
            targets.push(Target { what, bound: bound.to_owned(), value, reached });
        };
        for pages in PAGES {
            let rounds = self.of(pages);
            if rounds.is_empty() {
                continue;
            }
            let ratio = middle(&rounds, |round| round.ours.fps / round.raw.fps);
            target(format!("frames, {pages} painting"), ">= 0.9 x raw CDP", format!("{ratio:.2} x"), ratio >= 0.9);
            let later = middle(&rounds, |round| round.ours.age_p95_ms - round.raw.age_p95_ms);
            target(
                format!("frame age p95, {pages} painting"),
                "<= raw CDP + 10 ms",
                format!("{later:+.1} ms"),
                later <= 10.0,
            );
        }
        if !self.grids.is_empty() {
            let share = middle(&self.grids, |grid| grid.tiles.kib_per_s / grid.full.kib_per_s);
            target(format!("bytes, grid of {GRID}"), "<= 0.2 x full streams", format!("{share:.3} x"), share <= 0.2);
            let share = middle(&self.grids, |grid| grid.added(&grid.tiles) / grid.added(&grid.full));
            target(
                format!("processor time for looking, grid of {GRID}"),
                "<= 0.5 x full streams",
                format!("{share:.2} x"),
                share <= 0.5,
            );
        }
        if !self.inputs.is_empty() {
            let own = middle(&self.inputs, |input| input.ours.p95_ms - input.raw.p95_ms);
            target("input to page p95".to_owned(), "<= raw CDP + 10 ms", format!("{own:+.1} ms"), own <= 10.0);
        }
        if !self.crowds.is_empty() {
            let more = 100.0 * (middle(&self.crowds, |crowd| crowd.watched.p50_ms / crowd.nobody.p50_ms) - 1.0);
            target("agent's click, 100 viewers".to_owned(), "<= +5 %", format!("{more:+.1} %"), more <= 5.0);
        }
        if let Some(stopped) = &self.stopped {
            let more = 100.0 * (stopped.stuck.p50_ms / stopped.nobody.p50_ms - 1.0);
            target("agent's click, 50 stopped viewers".to_owned(), "<= +5 %", format!("{more:+.1} %"), more <= 5.0);
            let (after, mib) = (stopped.dropped_after_s, stopped.mib_each);
            target("stopped viewers dropped".to_owned(), "<= 15 s", format!("{after:.1} s"), after <= 15.0);
            target("memory of a stopped viewer".to_owned(), "<= 2 MiB", format!("{mib:.2} MiB"), mib <= 2.0);
        }
        targets
    }

    fn streams(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| painting 1280 × 720 | side | frames/s a page | age p50 ms | age p95 ms | KiB a frame |")?;
        writeln!(f, "|---|---|---:|---:|---:|---:|")?;
        let mut row = |what: &str, side: &str, rounds: &[Stream]| {
            writeln!(
                f,
                "| {what} | {side} | {:.1} | {:.1} | {:.1} | {:.1} |",
                middle(rounds, |stream| stream.fps),
                middle(rounds, |stream| stream.age_p50_ms),
                middle(rounds, |stream| stream.age_p95_ms),
                middle(rounds, |stream| stream.kib_per_frame),
            )
        };
        for pages in PAGES {
            let (raw, ours): (Vec<_>, Vec<_>) = self.of(pages).into_iter().map(|round| (round.raw, round.ours)).unzip();
            row(&pages.to_string(), "raw CDP", &raw)?;
            row(&pages.to_string(), "Helmwatch", &ours)?;
        }
        if !self.peers.is_empty() {
            let (peer, ours): (Vec<_>, Vec<_>) = self.peers.iter().map(|round| (round.peer, round.ours)).unzip();
            row("1, in turns", "agent-browser", &peer)?;
            row("1, in turns", "Helmwatch", &ours)?;
        }
        if !self.peers.is_empty() {
            let wire = middle(&self.peers, |round| round.peer_wire_kib);
            writeln!(
                f,
                "\nagent-browser's frames take {wire:.1} KiB on the wire; ours 28 bytes more than the picture."
            )?;
        }
        writeln!(f)
    }

    fn grid(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {GRID} sessions, ten small changes a second each | service, cores | Chromium, cores | frames/s | KiB/s |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        let mut row = |what: &str, read: fn(&Grid) -> &Cost| {
            let of = |value: fn(&Cost) -> f64| middle(&self.grids, |grid| value(read(grid)));
            writeln!(
                f,
                "| {what} | {:.3} | {:.2} | {:.1} | {:.0} |",
                of(|cost| cost.service_cores),
                of(|cost| cost.chromium_cores),
                of(|cost| cost.frames_per_s),
                of(|cost| cost.kib_per_s),
            )
        };
        row("nobody looks", |grid| &grid.nobody)?;
        row("a grid of tiles, 2/s, 480 px", |grid| &grid.tiles)?;
        row("as many full streams", |grid| &grid.full)?;
        writeln!(f)
    }
}

impl Grid {
    /// Cores that looking takes, beyond what the pages take by themselves.
    fn added(&self, cost: &Cost) -> f64 {
        let all = |cost: &Cost| cost.service_cores + cost.chromium_cores;
        (all(cost) - all(&self.nobody)).max(0.0)
    }
}

impl fmt::Display for LiveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(debug_assertions) {
            writeln!(f, "debug build: these figures are for trying the benchmark out, not for quoting\n")?;
        }
        let [before, after] = self.load;
        writeln!(
            f,
            "live picture: medians of {} rounds, load average {before:.1} before and {after:.1} after\n",
            self.rounds
        )?;
        self.streams(f)?;
        self.grid(f)?;
        if !self.inputs.is_empty() {
            writeln!(f, "| key to the page's listener, while it paints | p50 ms | p95 ms |\n|---|---:|---:|")?;
            let (raw, ours): (Vec<_>, Vec<_>) = self.inputs.iter().map(|input| (input.raw, input.ours)).unzip();
            for (side, ways) in [("raw CDP", raw), ("Helmwatch, from the person's socket", ours)] {
                writeln!(
                    f,
                    "| {side} | {:.1} | {:.1} |",
                    middle(&ways, |way| way.p50_ms),
                    middle(&ways, |way| way.p95_ms)
                )?;
            }
            writeln!(f)?;
        }
        writeln!(f, "| agent's click with its snapshot | p50 ms | p95 ms |\n|---|---:|---:|")?;
        let mut row = |what: String, p50: f64, p95: f64| writeln!(f, "| {what} | {p50:.1} | {p95:.1} |");
        if !self.crowds.is_empty() {
            let (alone, watched): (Vec<_>, Vec<_>) = self.crowds.iter().map(|one| (one.nobody, one.watched)).unzip();
            let frames = self.crowds.iter().map(|crowd| crowd.frames).sum::<u64>();
            row("nobody looks".to_owned(), middle(&alone, |c| c.p50_ms), middle(&alone, |c| c.p95_ms))?;
            let what = format!("100 viewers ({frames} frames sent to them)");
            row(what, middle(&watched, |c| c.p50_ms), middle(&watched, |c| c.p95_ms))?;
        }
        if let Some(stopped) = &self.stopped {
            row("nobody looks, again".to_owned(), stopped.nobody.p50_ms, stopped.nobody.p95_ms)?;
            row("50 that stopped reading".to_owned(), stopped.stuck.p50_ms, stopped.stuck.p95_ms)?;
        }
        writeln!(f, "\n| picture | JPEG KiB | WebP KiB | JPEG ms | WebP ms |\n|---|---:|---:|---:|---:|")?;
        for one in &self.formats {
            let Formats { page, width, jpeg_kib, webp_kib, jpeg_ms, webp_ms } = one;
            writeln!(f, "| {page}, {width} px | {jpeg_kib:.1} | {webp_kib:.1} | {jpeg_ms:.1} | {webp_ms:.1} |")?;
        }
        Ok(())
    }
}
