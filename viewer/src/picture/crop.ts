/** Which part of a page's picture a small card shows: the element, with enough around it to know where it is. Pure. */

import type { Rect } from "../protocol/generated/wire";
import type { Size } from "./geometry";

/** CSS pixels of the page: the text in this much stays readable on a card. */
const CROP_WIDTH = 800;

/** How many times the element's own size must fit. */
const ROOM = 1.6;

/** A part of the page of the page's own shape, wholly inside it. */
export function cropAround(page: Size, element: Rect): Rect {
  const shape = page.width / page.height;
  const width = Math.min(page.width, Math.max(CROP_WIDTH, element.width * ROOM, element.height * ROOM * shape));
  const height = width / shape;
  const within = (middle: number, size: number, whole: number): number => Math.min(Math.max(middle - size / 2, 0), whole - size);
  return {
    x: within(element.x + element.width / 2, width, page.width),
    y: within(element.y + element.height / 2, height, page.height),
    width,
    height,
  };
}
