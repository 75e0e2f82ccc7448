import { expect, test } from "vitest";
import { Fingers } from "./fingers";

const at = (x: number, y: number) => ({ x, y });

test("one finger is the page's", () => {
  const fingers = new Fingers();
  expect(fingers.start(7, at(1, 2), at(10, 20))).toEqual([{ to: "page", kind: "start", points: [{ id: 0, x: 1, y: 2 }] }]);
  expect(fingers.move(7, at(3, 4), at(30, 40))).toEqual([{ to: "page", kind: "move", points: [{ id: 0, x: 3, y: 4 }] }]);
  expect(fingers.end(7, "end")).toEqual([{ to: "page", kind: "end", points: [] }]);
  expect(fingers.move(7, at(3, 4), at(30, 40))).toEqual([]);
});

test("a second finger makes it the picture's until all are up", () => {
  const fingers = new Fingers();
  fingers.start(1, at(0, 0), at(0, 0));
  expect(fingers.start(2, at(9, 0), at(100, 0))).toEqual([{ to: "page", kind: "cancel", points: [] }]);
  expect(fingers.move(2, at(9, 0), at(200, 0))).toEqual([{ to: "picture", factor: 2, dx: 50, dy: 0 }]);
  expect(fingers.end(2, "end")).toEqual([]);
  expect(fingers.move(1, at(5, 5), at(5, 5))).toEqual([]);
  expect(fingers.end(1, "end")).toEqual([]);
  expect(fingers.start(3, at(1, 1), at(1, 1))).toHaveLength(1);
});
