/** How large the picture is shown. Pure. */

/** `fit`: as large as there is room; a number: CSS pixels of the screen for one of the page. */
export type Zoom = "fit" | number;

const STEPS = [0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
const LEAST = 0.25;
const MOST = 4;

/** The next step up or down from where the picture is now. */
export function stepped(scale: number, up: boolean): number {
  const next = up ? STEPS.find((step) => step > scale * 1.01) : STEPS.findLast((step) => step < scale * 0.99);
  return next ?? (up ? MOST : LEAST);
}

/** Two fingers made it larger or smaller. */
export function pinched(scale: number, factor: number): number {
  return Math.min(MOST, Math.max(LEAST, scale * factor));
}

/** The scale a picture has that fits into a box. */
export function fitScale(box: { width: number; height: number }, page: { width: number; height: number }): number {
  if (page.width <= 0 || page.height <= 0) return 1;
  return Math.min(box.width / page.width, box.height / page.height);
}

export function zoomWords(scale: number): string {
  return `${Math.round(scale * 100)} %`;
}
