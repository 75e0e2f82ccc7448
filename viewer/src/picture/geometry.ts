/** Where a picture stands in its box, and which point of the page a point on the screen is. Pure. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** The rectangle a picture of `content`'s shape takes in `box` under `object-fit: contain`. */
export function contained(box: Size, content: Size): Point & Size {
  if (content.width <= 0 || content.height <= 0 || box.width <= 0 || box.height <= 0) return { x: 0, y: 0, width: 0, height: 0 };
  const scale = Math.min(box.width / content.width, box.height / content.height);
  const width = content.width * scale;
  const height = content.height * scale;
  return { x: (box.width - width) / 2, y: (box.height - height) / 2, width, height };
}

/** The point of the page (CSS pixels of its viewport) under a point of the box; `null` on the bars beside the picture. */
export function toPage(point: Point, box: Size, page: Size): Point | null {
  const place = contained(box, page);
  if (place.width === 0) return null;
  const x = ((point.x - place.x) / place.width) * page.width;
  const y = ((point.y - place.y) / place.height) * page.height;
  if (x < 0 || y < 0 || x >= page.width || y >= page.height) return null;
  return { x, y };
}

/** As `toPage`, but a point outside counts as the nearest one inside: for a drag that leaves the picture. */
export function toPageNearest(point: Point, box: Size, page: Size): Point | null {
  const place = contained(box, page);
  if (place.width === 0) return null;
  const x = ((point.x - place.x) / place.width) * page.width;
  const y = ((point.y - place.y) / place.height) * page.height;
  return { x: Math.min(Math.max(x, 0), page.width - 1), y: Math.min(Math.max(y, 0), page.height - 1) };
}

const WIDTH_STEP = 160;
const WIDTH_MIN = 320;
const WIDTH_MAX = 3840;

/** Device pixels to ask for. In steps, so that dragging a window's edge does not make the service scale anew at every pixel, and viewers share a size. */
export function pictureWidth(cssWidth: number, pixelRatio: number): number {
  const wanted = Math.ceil((cssWidth * pixelRatio) / WIDTH_STEP) * WIDTH_STEP;
  return Math.min(Math.max(wanted, WIDTH_MIN), WIDTH_MAX);
}
