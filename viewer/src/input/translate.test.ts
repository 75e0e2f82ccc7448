import { expect, test } from "vitest";
import { button, clickCount, leaves, modifiers, staysHere, wheelPixels } from "./translate";

const none = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test("modifiers and buttons are CDP's", () => {
  expect(modifiers(none)).toBe(0);
  expect(modifiers({ ...none, altKey: true, shiftKey: true })).toBe(9);
  expect(modifiers({ altKey: true, ctrlKey: true, metaKey: true, shiftKey: true })).toBe(15);
  expect([0, 1, 2, 3, 4].map(button)).toEqual(["left", "middle", "right", "none", "none"]);
});

test("two quick presses at one place are a double click, others are not", () => {
  const last = { point: { x: 10, y: 10 }, button: 0, at: 1000, clicks: 1 };
  expect(clickCount(null, { x: 10, y: 10 }, 0, 1000)).toBe(1);
  expect(clickCount(last, { x: 12, y: 11 }, 0, 1300)).toBe(2);
  expect(clickCount({ ...last, clicks: 2 }, { x: 12, y: 11 }, 0, 1300)).toBe(3);
  expect(clickCount({ ...last, clicks: 3 }, { x: 12, y: 11 }, 0, 1300)).toBe(1);
  expect(clickCount(last, { x: 12, y: 11 }, 0, 1600)).toBe(1);
  expect(clickCount(last, { x: 40, y: 11 }, 0, 1300)).toBe(1);
  expect(clickCount(last, { x: 10, y: 10 }, 2, 1300)).toBe(1);
});

test("a wheel speaks pixels, lines or pages; we speak pixels", () => {
  expect([wheelPixels(3, 0, 720), wheelPixels(3, 1, 720), wheelPixels(-1, 2, 720)]).toEqual([3, 120, -720]);
});

test("paste and the way out stay here, everything else goes to the page", () => {
  expect(staysHere({ ...none, key: "v", ctrlKey: true })).toBe(true);
  expect(staysHere({ ...none, key: "V", metaKey: true, shiftKey: true })).toBe(true);
  expect(staysHere({ ...none, key: "v" })).toBe(false);
  expect(leaves({ key: "Escape", shiftKey: true })).toBe(true);
  expect(leaves({ key: "Escape", shiftKey: false })).toBe(false);
});
