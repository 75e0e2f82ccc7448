import { expect, test } from "vitest";
import { cropAround } from "./crop";

const page = { width: 1280, height: 720 };

test("a small element stands in the middle of its part", () => {
  expect(cropAround(page, { x: 600, y: 340, width: 80, height: 40 })).toEqual({ x: 240, y: 135, width: 800, height: 450 });
});

test("at an edge the part stays inside the page, and outside the viewport it shows the nearest", () => {
  expect(cropAround(page, { x: 0, y: 700, width: 80, height: 20 })).toEqual({ x: 0, y: 270, width: 800, height: 450 });
  expect(cropAround(page, { x: 5000, y: -900, width: 10, height: 10 })).toMatchObject({ x: 480, y: 0 });
});

test("a large element is shown with the whole page, a small page wholly", () => {
  expect(cropAround(page, { x: 10, y: 10, width: 1000, height: 600 })).toEqual({ x: 0, y: 0, ...page });
  expect(cropAround({ width: 400, height: 800 }, { x: 10, y: 10, width: 50, height: 20 })).toEqual({ x: 0, y: 0, width: 400, height: 800 });
});
