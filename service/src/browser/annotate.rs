//! Numbers on a picture: a frame around each element and its ref beside it.
//!
//! Drawn on the finished picture, so that the page is not touched and nothing of ours can be in a later one. The letters are our own:
//! refs are made of twelve characters.

use bytes::Bytes;
use image::{Rgb, RgbImage};

use super::picture::{PictureLimit, decode, encode, scaled};
use super::{BrowserError, PictureFormat};

/// One frame with its text, pixels of the picture as it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// A ref; characters that are in none are left blank.
    pub text: String,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Strong enough on light and on dark, and each unlike the one before.
const COLOURS: [[u8; 3]; 6] = [[200, 30, 90], [0, 95, 190], [0, 120, 60], [170, 80, 0], [110, 50, 180], [0, 115, 125]];
const WHITE: [u8; 3] = [255, 255, 255];
/// Pixels a dot of a letter has.
const DOT: i64 = 2;
const LETTER_WIDTH: i64 = 5 * DOT;
const LETTER_HEIGHT: i64 = 7 * DOT;
const GAP: i64 = DOT;
const PADDING: i64 = 3;
const FRAME: i64 = 2;

/// Rows of five dots, the leftmost the highest bit.
fn letter(char: char) -> [u8; 7] {
    match char {
        '0' => [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        'e' => [0b00000, 0b00000, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110],
        'f' => [0b00110, 0b01001, 0b01000, 0b11100, 0b01000, 0b01000, 0b01000],
        _ => [0; 7],
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

impl Area {
    /// Pixels both cover.
    fn shared(self, other: Self) -> i64 {
        let side = |a: i64, a_length: i64, b: i64, b_length: i64| (a + a_length).min(b + b_length) - a.max(b);
        let width = side(self.x, self.width, other.x, other.width);
        let height = side(self.y, self.height, other.y, other.height);
        if width > 0 && height > 0 { width * height } else { 0 }
    }
}

/// The picture within the limit, in the same format, with the labels on it, and its size. Off the runtime's threads.
///
/// # Errors
/// `Script` when the bytes are no picture of that format.
pub async fn annotate(
    picture: Bytes,
    format: PictureFormat,
    limit: PictureLimit,
    labels: Vec<Label>,
) -> Result<(Bytes, u32, u32), BrowserError> {
    let work = move || -> Result<(Bytes, u32, u32), image::ImageError> {
        let whole = decode(&picture, format)?;
        let before = f64::from(whole.width());
        let mut drawn = scaled(whole, limit).into_rgb8();
        let factor = f64::from(drawn.width()) / before.max(1.0);
        draw(&mut drawn, &labels, factor);
        let (width, height) = drawn.dimensions();
        Ok((encode(&drawn.into(), format)?, width, height))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(BrowserError::Script(format!("the picture could not be drawn on: {error}"))),
        Err(_) => Err(BrowserError::Script("drawing on the picture failed".to_owned())),
    }
}

fn draw(picture: &mut RgbImage, labels: &[Label], factor: f64) {
    let areas: Vec<Area> = labels.iter().map(|label| area_of(label, factor)).collect();
    for (at, area) in areas.iter().enumerate() {
        outline(picture, *area, COLOURS[at % COLOURS.len()]);
    }
    let whole = Area { x: 0, y: 0, width: i64::from(picture.width()), height: i64::from(picture.height()) };
    let mut placed: Vec<Area> = Vec::with_capacity(labels.len());
    for (at, label) in labels.iter().enumerate() {
        let plate = place(areas[at], label, whole, &placed, &areas);
        fill(picture, plate, COLOURS[at % COLOURS.len()]);
        write(picture, plate, &label.text);
        placed.push(plate);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "positions on a picture of at most 16,384 pixels a side")]
fn area_of(label: &Label, factor: f64) -> Area {
    let whole = |length: f64| (length * factor).round().clamp(-1e6, 1e6) as i64;
    Area { x: whole(label.x), y: whole(label.y), width: whole(label.width).max(1), height: whole(label.height).max(1) }
}

/// Where the text goes: wherever it hides least, first of other labels, then of other elements, then of its own.
fn place(element: Area, label: &Label, whole: Area, placed: &[Area], elements: &[Area]) -> Area {
    #[allow(clippy::cast_possible_wrap, reason = "a ref has a few characters")]
    let letters = label.text.len() as i64;
    let width = letters * (LETTER_WIDTH + GAP) - GAP + 2 * PADDING;
    let height = LETTER_HEIGHT + 2 * PADDING;
    let middle = element.y + (element.height - height) / 2;
    let (right, bottom) = (element.x + element.width, element.y + element.height);
    let candidates = [
        (element.x, element.y - height),
        (element.x - width, middle),
        (right, middle),
        (element.x, bottom),
        (right - width, element.y - height),
        (right - width, middle),
        (element.x, element.y),
    ];
    let cost = |(x, y): (i64, i64)| {
        let plate = Area { x, y, width, height };
        let outside = width * height - plate.shared(whole);
        let over_labels: i64 = placed.iter().map(|other| plate.shared(*other)).sum();
        let over_others: i64 = elements
            .iter()
            .filter(|other| **other != element)
            .map(|other| plate.shared(*other).min(width * height))
            .sum();
        outside * 40 + over_labels * 20 + over_others * 2 + plate.shared(element)
    };
    let (x, y) = candidates.into_iter().min_by_key(|place| cost(*place)).unwrap_or((element.x, element.y));
    // What does not fit anywhere is at least in the picture.
    let x = x.clamp(0, (whole.width - width).max(0));
    let y = y.clamp(0, (whole.height - height).max(0));
    Area { x, y, width, height }
}

fn put(picture: &mut RgbImage, x: i64, y: i64, colour: [u8; 3]) {
    if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
        && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
    {
        *pixel = Rgb(colour);
    }
}

fn fill(picture: &mut RgbImage, area: Area, colour: [u8; 3]) {
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    for y in area.y.max(0)..(area.y + area.height).min(height) {
        for x in area.x.max(0)..(area.x + area.width).min(width) {
            put(picture, x, y, colour);
        }
    }
}

fn outline(picture: &mut RgbImage, area: Area, colour: [u8; 3]) {
    let Area { x, y, width, height } = area;
    fill(picture, Area { x, y, width, height: FRAME }, colour);
    fill(picture, Area { x, y: y + height - FRAME, width, height: FRAME }, colour);
    fill(picture, Area { x, y, width: FRAME, height }, colour);
    fill(picture, Area { x: x + width - FRAME, y, width: FRAME, height }, colour);
}

fn write(picture: &mut RgbImage, plate: Area, text: &str) {
    let (mut x, y) = (plate.x + PADDING, plate.y + PADDING);
    for char in text.chars() {
        for (row, dots) in (0..).zip(letter(char)) {
            for column in 0..5 {
                if dots >> (4 - column) & 1 == 1 {
                    let dot = Area { x: x + column * DOT, y: y + row * DOT, width: DOT, height: DOT };
                    fill(picture, dot, WHITE);
                }
            }
        }
        x += LETTER_WIDTH + GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str, x: f64, y: f64) -> Label {
        Label { text: text.to_owned(), x, y, width: 60.0, height: 20.0 }
    }

    #[test]
    fn labels_do_not_hide_one_another_where_there_is_room() {
        let whole = Area { x: 0, y: 0, width: 400, height: 300 };
        let labels: Vec<_> = (0..8).map(|row| label(&format!("e{row}"), 100.0, f64::from(row) * 24.0)).collect();
        let areas: Vec<_> = labels.iter().map(|label| area_of(label, 1.0)).collect();
        let mut placed: Vec<Area> = Vec::new();
        for (at, label) in labels.iter().enumerate() {
            let plate = place(areas[at], label, whole, &placed, &areas);
            assert!(placed.iter().all(|other| plate.shared(*other) == 0), "{at}");
            assert_eq!(plate.shared(whole), plate.width * plate.height, "all of {at} is in the picture");
            placed.push(plate);
        }
    }

    #[test]
    fn what_lies_outside_of_the_picture_is_no_fault() {
        let mut picture = RgbImage::new(50, 40);
        let labels = [label("e1", -500.0, -500.0), label("f1e2", 49.0, 39.0), label("?", 1e9, f64::NAN)];
        draw(&mut picture, &labels, 0.5);
        assert!(picture.pixels().any(|pixel| pixel.0 == WHITE), "labels are in it all the same");
    }
}
