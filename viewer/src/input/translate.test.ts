import { expect, test } from "vitest";
import { button, clickCount, comesAsText, copiesOut, leaves, modifiers, textParts, typedWithAltGr, wheelPixels } from "./translate";

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

test("what types by another event is left to it", () => {
  const key = { ...none, isComposing: false };
  expect(comesAsText({ ...key, key: "v", ctrlKey: true })).toBe(true);
  expect(comesAsText({ ...key, key: "V", metaKey: true, shiftKey: true })).toBe(true);
  expect(comesAsText({ ...key, key: "Dead" })).toBe(true);
  expect(comesAsText({ ...key, key: "k", isComposing: true })).toBe(true);
  expect(comesAsText({ ...key, key: "v" })).toBe(false);
  expect(comesAsText({ ...key, key: "c", ctrlKey: true })).toBe(false);
});

test("what AltGr types is text, AltGr itself is a key", () => {
  const getModifierState = (name: string): boolean => name === "AltGraph";
  expect(typedWithAltGr({ key: "@", getModifierState })).toBe(true);
  expect(typedWithAltGr({ key: "AltGraph", getModifierState })).toBe(false);
  expect(typedWithAltGr({ key: "@", getModifierState: () => false })).toBe(false);
});

test("a long text is cut, and no character with it", () => {
  expect(textParts("")).toEqual([]);
  expect(textParts("größe")).toEqual(["größe"]);
  const long = "a" + "😀".repeat(1500);
  const parts = textParts(long);
  expect(parts.join("")).toBe(long);
  for (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(1000);
    expect(part).not.toMatch(/[\ud800-\udbff]$/);
  }
});

test("only Shift+Escape is the way out", () => {
  expect(leaves({ key: "Escape", shiftKey: true })).toBe(true);
  expect(leaves({ key: "Escape", shiftKey: false })).toBe(false);
});

test("copying asks for what is selected, with Ctrl or Cmd and nothing else", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  expect(copiesOut({ ...plain, key: "c", ctrlKey: true })).toBe("copy");
  expect(copiesOut({ ...plain, key: "X", metaKey: true })).toBe("cut");
  expect(copiesOut({ ...plain, key: "c" })).toBeNull();
  expect(copiesOut({ ...plain, key: "c", ctrlKey: true, shiftKey: true })).toBeNull();
});
