import { expect, test } from "vitest";
import { contained, pictureWidth, toPage, toPageNearest } from "./geometry";

const page = { width: 1280, height: 720 };

test("a wide box has bars at the sides, a tall one above and below", () => {
  expect(contained({ width: 1000, height: 360 }, page)).toEqual({ x: 180, y: 0, width: 640, height: 360 });
  expect(contained({ width: 640, height: 500 }, page)).toEqual({ x: 0, y: 70, width: 640, height: 360 });
});

test("a point on the picture is the page's point, whatever the scale", () => {
  expect(toPage({ x: 180, y: 0 }, { width: 1000, height: 360 }, page)).toEqual({ x: 0, y: 0 });
  expect(toPage({ x: 500, y: 180 }, { width: 1000, height: 360 }, page)).toEqual({ x: 640, y: 360 });
  expect(toPage({ x: 1280, y: 700 }, { width: 2560, height: 1440 }, page)).toEqual({ x: 640, y: 350 });
});

test("a point on the bars is nowhere, but a drag that gets there stays at the edge", () => {
  const box = { width: 1000, height: 360 };
  expect(toPage({ x: 100, y: 10 }, box, page)).toBeNull();
  expect(toPageNearest({ x: 100, y: 90 }, box, page)).toEqual({ x: 0, y: 180 });
  expect(toPageNearest({ x: 9000, y: 9000 }, box, page)).toEqual({ x: 1279, y: 719 });
});

test("nothing is anywhere before there is a picture", () => {
  expect(toPage({ x: 1, y: 1 }, { width: 100, height: 100 }, { width: 0, height: 0 })).toBeNull();
  expect(toPageNearest({ x: 1, y: 1 }, { width: 0, height: 0 }, page)).toBeNull();
});

test("the width asked for is sharp on a dense screen, stepped and bounded", () => {
  expect(pictureWidth(900, 2)).toBe(1920);
  expect(pictureWidth(901, 2)).toBe(pictureWidth(950, 2));
  expect(pictureWidth(10, 1)).toBe(320);
  expect(pictureWidth(9999, 3)).toBe(3840);
});
