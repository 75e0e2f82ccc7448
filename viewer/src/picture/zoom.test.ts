import { expect, test } from "vitest";
import { fitScale, pinched, stepped, zoomWords } from "./zoom";

test("steps go up and down and end somewhere", () => {
  expect(stepped(1, true)).toBe(1.25);
  expect(stepped(1, false)).toBe(0.8);
  expect(stepped(0.62, true)).toBe(0.67);
  expect(stepped(4, true)).toBe(4);
  expect(stepped(0.25, false)).toBe(0.25);
  expect(pinched(1, 100)).toBe(4);
  expect(pinched(1, 0.001)).toBe(0.25);
});

test("a picture fits by its tighter side", () => {
  expect(fitScale({ width: 640, height: 720 }, { width: 1280, height: 720 })).toBe(0.5);
  expect(fitScale({ width: 640, height: 720 }, { width: 0, height: 0 })).toBe(1);
  expect(zoomWords(0.666)).toBe("67 %");
});
