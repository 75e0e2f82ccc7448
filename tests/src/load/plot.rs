//! Small SVG plots: lines over time, and ranges of durations. No script, no resource from elsewhere; colours are the page's.

use std::fmt::Write as _;

/// Size of a plot in its own units; the page scales it to its column.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 236.0;
/// Room for the numbers on the left, the moments below, the legend above, and the last moment's number on the right.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 30.0;
/// Room for one row of a plot of ranges: its name above its line.
const ROW: f64 = 44.0;

/// Points of one line at most; more are taken together, the largest of each part.
const POINTS_MAX: usize = 200;

/// One line of a plot.
pub(super) struct Line<'a> {
    pub name: &'a str,
    /// Class of the page that gives the colour: `a`, `b` or `c`, or `old` for another run's.
    pub class: &'a str,
    /// Seconds and value, in order of time.
    pub points: Vec<(f64, f64)>,
    pub shape: Shape,
}

/// The time that plots beside one another share.
#[derive(Clone, Copy, Default)]
pub(super) struct Span<'a> {
    /// It ends there at the least, seconds.
    pub end: f64,
    pub band: Option<Band<'a>>,
}

/// A stretch of it that is marked, seconds.
#[derive(Clone, Copy)]
pub(super) struct Band<'a> {
    pub name: &'a str,
    pub from: f64,
    pub until: f64,
}

/// How a line goes from one point to the next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Straight,
    /// A value holds until the next one, as limits do.
    Steps,
}

/// One row of ranges, milliseconds.
pub(super) struct Range {
    pub name: String,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// Lines over seconds; `unit` is what the numbers on the left are. Empty when no line has a point.
pub(super) fn lines(title: &str, unit: &str, lines: &[Line<'_>], span: Span<'_>) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter());
    if all().next().is_none() {
        return String::new();
    }
    let (x_end, _) = ticks(all().fold(span.end.max(1.0), |most, point| f64::max(most, point.0)), Fit::Exact);
    let (y_end, y_ticks) = ticks(all().fold(0.0, |most, point| f64::max(most, point.1)), Fit::Round);
    let (_, x_ticks) = ticks(x_end, Fit::Exact);
    let x = |at: f64| LEFT + at / x_end * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / y_end * (HEIGHT - TOP - BOTTOM);
    let mut svg = begin(title, HEIGHT);
    if let Some(band) = span.band.filter(|band| band.from < x_end) {
        let (from, width) = (x(band.from), x(band.until.min(x_end)) - x(band.from));
        let height = HEIGHT - TOP - BOTTOM;
        add(
            &mut svg,
            &format!(
                "<rect class='band' x='{from:.1}' y='{TOP}' width='{width:.1}' height='{height:.1}'><title>{}</title></rect>",
                escape(band.name)
            ),
        );
        add(
            &mut svg,
            &format!("<text class='dim' x='{:.1}' y='{:.1}'>{}</text>", from + 4.0, TOP + 13.0, escape(band.name)),
        );
    }
    for tick in y_ticks {
        let at = y(tick);
        add(&mut svg, &format!("<path class='grid' d='M{LEFT} {at:.1}H{:.1}'/>", WIDTH - RIGHT));
        add(&mut svg, &format!("<text class='left' x='{:.1}' y='{:.1}'>{}</text>", LEFT - 6.0, at + 4.0, short(tick)));
    }
    for tick in x_ticks {
        let (at, below) = (x(tick), HEIGHT - BOTTOM + 18.0);
        add(&mut svg, &format!("<text class='middle' x='{at:.1}' y='{below:.1}'>{} s</text>", short(tick)));
    }
    add(&mut svg, &format!("<text class='unit' x='4' y='14'>{}</text>", escape(unit)));
    let mut legend = LEFT + 8.0 * length(unit);
    for line in lines.iter().filter(|line| !line.points.is_empty()) {
        let points = thin(&line.points);
        let mut path = String::new();
        for (number, (at, value)) in points.iter().enumerate() {
            let (at, value) = (x(*at), y(*value));
            let word = match (number, line.shape) {
                (0, _) => format!("M{at:.1} {value:.1}"),
                (_, Shape::Straight) => format!("L{at:.1} {value:.1}"),
                (_, Shape::Steps) => format!("H{at:.1}V{value:.1}"),
            };
            path.push_str(&word);
        }
        // A line of one point would not be seen.
        if points.len() == 1 {
            path.push_str("h2");
        }
        add(&mut svg, &format!("<path class='line {}' d='{path}'/>", line.class));
        add(&mut svg, &format!("<path class='line {}' d='M{legend:.1} 10h16'/>", line.class));
        add(&mut svg, &format!("<text x='{:.1}' y='14'>{}</text>", legend + 21.0, escape(line.name)));
        legend += 36.0 + 7.2 * length(line.name);
    }
    svg.push_str("</svg></figure>");
    svg
}

/// Ranges on one logarithmic axis: a thin line to the longest, a thick one from the median to the 95th percentile, marks at 50, 95, 99.
pub(super) fn ranges(title: &str, rows: &[Range]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let least = rows.iter().map(|row| row.p50).fold(f64::MAX, f64::min).max(0.1);
    let most = rows.iter().map(|row| row.max).fold(least * 10.0, f64::max);
    let (from, to) = (least.log10().floor(), most.log10().ceil());
    let x = |ms: f64| 8.0 + (ms.max(0.1).log10().max(from) - from) / (to - from) * (WIDTH - 24.0);
    #[allow(clippy::cast_precision_loss, reason = "rows are few")]
    let height = TOP + ROW * rows.len() as f64 + BOTTOM;
    let mut svg = begin(title, height);
    add(&mut svg, "<text class='unit' x='4' y='14'>milliseconds, logarithmic: median ● 95 % ◆ 99 % | longest</text>");
    let mut power = from;
    while power <= to {
        let at = x(10_f64.powf(power));
        add(&mut svg, &format!("<path class='grid' d='M{at:.1} {TOP}V{:.1}'/>", height - BOTTOM));
        let label = short(10_f64.powf(power));
        let anchor = if power == from {
            "first"
        } else if power >= to {
            "left"
        } else {
            "middle"
        };
        add(&mut svg, &format!("<text class='{anchor}' x='{at:.1}' y='{:.1}'>{label}</text>", height - BOTTOM + 18.0));
        power += 1.0;
    }
    let mut top = TOP;
    for row in rows {
        let line = top + 25.0;
        let [p50, p95, p99, max] = [row.p50, row.p95, row.p99, row.max].map(x);
        let numbers = format!(
            "{}: median {:.1} ms, 95 % {:.1} ms, 99 % {:.1} ms, longest {:.1} ms",
            row.name, row.p50, row.p95, row.p99, row.max
        );
        add(&mut svg, &format!("<g><title>{}</title>", escape(&numbers)));
        add(&mut svg, &format!("<text x='8' y='{:.1}'>{}</text>", top + 14.0, escape(&row.name)));
        let told = format!("{} / {}", short(row.p50), short(row.p95));
        add(&mut svg, &format!("<text class='left dim' x='{:.1}' y='{:.1}'>{told}</text>", WIDTH - 8.0, top + 14.0));
        add(&mut svg, &format!("<path class='thin a' d='M{p50:.1} {line:.1}H{max:.1}'/>"));
        add(&mut svg, &format!("<path class='thick a' d='M{p50:.1} {line:.1}H{p95:.1}'/>"));
        add(&mut svg, &format!("<circle class='mark a' cx='{p50:.1}' cy='{line:.1}' r='5'/>"));
        let diamond = format!("M{p95:.1} {:.1}l5 5-5 5-5-5z", line - 5.0);
        add(&mut svg, &format!("<path class='mark b' d='{diamond}'/>"));
        add(&mut svg, &format!("<path class='line c' d='M{p99:.1} {:.1}v10'/></g>", line - 5.0));
        top += ROW;
    }
    svg.push_str("</svg></figure>");
    svg
}

/// Text between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn begin(title: &str, height: f64) -> String {
    let title = escape(title);
    format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox='0 0 {WIDTH} {height}' role='img' aria-label='{title}'>"
    )
}

fn add(svg: &mut String, part: &str) {
    // Writing to a string does not fail.
    svg.push_str(part);
    svg.push('\n');
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// The axis ends at the largest value.
    Exact,
    /// It ends at the next round number.
    Round,
}

/// The end of an axis from 0 that holds `most`, and about five round numbers on it.
fn ticks(most: f64, fit: Fit) -> (f64, Vec<f64>) {
    let most = if most > 0.0 { most } else { 1.0 };
    let rough = most / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| *step >= rough).unwrap_or(rough);
    let end = if fit == Fit::Round { (most / step).ceil() * step } else { most };
    let mut ticks = vec![0.0];
    while let Some(next) = ticks.last().map(|last| last + step).filter(|next| *next <= end * 1.000_1) {
        ticks.push(next);
    }
    (end, ticks)
}

/// At most [`POINTS_MAX`] points: the largest value of each part, so that no peak is lost.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let part = points.len().div_ceil(POINTS_MAX).max(1);
    let largest = |part: &[(f64, f64)]| part.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1));
    points.chunks(part).filter_map(largest).collect()
}

/// A number in a few characters.
pub(super) fn short(value: f64) -> String {
    let mut text = String::new();
    let written = match value.abs() {
        0.0 => write!(text, "0"),
        small if small < 0.1 => write!(text, "{value:.3}"),
        small if small < 10.0 && value.fract().abs() > 0.001 => write!(text, "{value:.1}"),
        large if large >= 100_000.0 => write!(text, "{:.0}k", value / 1_000.0),
        _ => write!(text, "{value:.0}"),
    };
    written.map_or_else(|_| String::new(), |()| text)
}

#[allow(clippy::cast_precision_loss, reason = "names are short")]
fn length(text: &str) -> f64 {
    text.chars().count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_and_has_few_of_them() {
        assert_eq!(ticks(7.3, Fit::Round), (8.0, vec![0.0, 2.0, 4.0, 6.0, 8.0]));
        assert_eq!(ticks(0.0, Fit::Round).0, 1.0);
        for most in [0.013, 1.0, 33.0, 1_999.0, 1e7] {
            let (end, ticks) = ticks(most, Fit::Round);
            assert!(end >= most && (3..=6).contains(&ticks.len()), "{most}: {ticks:?}");
        }
    }

    #[test]
    fn no_peak_is_lost_when_points_are_many() {
        let mut points: Vec<_> = (0..1_000).map(|at| (f64::from(at), 1.0)).collect();
        points[777].1 = 99.0;
        let thin = thin(&points);
        assert!(thin.len() <= POINTS_MAX && thin.contains(&(777.0, 99.0)));
    }

    #[test]
    fn names_are_text_and_never_markup() {
        let row = Range { name: "<script>'\"&".to_owned(), p50: 1.0, p95: 2.0, p99: 3.0, max: 4.0 };
        let svg = ranges("a<b", &[row]);
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&#39;&quot;&amp;") && svg.contains("a&lt;b"));
    }

    #[test]
    fn a_marked_time_ends_with_the_plot() {
        let line = || Line { name: "x", class: "a", points: vec![(0.0, 1.0), (100.0, 2.0)], shape: Shape::Straight };
        let band = |from| Span { end: 0.0, band: Some(Band { name: "a<b", from, until: 1_000.0 }) };
        let svg = lines("t", "u", &[line()], band(50.0));
        let width = (WIDTH - LEFT - RIGHT) / 2.0;
        assert!(svg.contains(&format!("width='{width:.1}'")) && svg.contains("a&lt;b"), "{svg}");
        assert!(!lines("t", "u", &[line()], band(200.0)).contains("<rect"));
        let longer = lines("t", "u", &[line()], Span { end: 200.0, band: band(50.0).band });
        assert!(longer.contains(&format!("L{:.1} ", LEFT + width)), "half of the longer time\n{longer}");
    }

    #[test]
    fn what_has_no_points_has_no_plot() {
        let line = Line { name: "x", class: "a", points: Vec::new(), shape: Shape::Straight };
        assert!(lines("x", "y", &[line], Span::default()).is_empty() && ranges("x", &[]).is_empty());
    }
}
