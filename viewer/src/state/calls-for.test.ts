import { expect, test } from "vitest";
import { callsFor, changes } from "./calls-for";
import { anApproval, aSession } from "./samples";

test("what came is told once, what went is taken back, and what waited before this page was opened is no news", () => {
  const [one, two, three] = callsFor([anApproval({ id: "a_1" }), anApproval({ id: "a_2" }), anApproval({ id: "a_3" })], []);
  if (one === undefined || two === undefined || three === undefined) throw new Error("three calls");
  expect(changes(null, [one, two])).toEqual({ fresh: [], gone: [] });
  expect(changes(new Set([one.key, two.key]), [two, three])).toEqual({ fresh: [three], gone: ["a_1"] });
  expect(changes(new Set(["a_2"]), [two])).toEqual({ fresh: [], gone: [] });
});

test("a session's next question is another call, and words of a page are one short line", () => {
  const handoff = (number: number): Parameters<typeof aSession>[0] => ({
    id: "s_1",
    handoff: { number, instructions: `solve\nthis ${"x".repeat(500)}`, asked_at: 1, expires_at: 2 },
  });
  const first = callsFor([], [aSession(handoff(1))])[0];
  const second = callsFor([], [aSession(handoff(2))])[0];
  expect(first?.key).not.toBe(second?.key);
  expect(first?.link).toBe("#/s/s_1/asked");
  expect(first?.body.startsWith("solve this xxx")).toBe(true);
  expect(first?.body.length).toBe(141);
});
