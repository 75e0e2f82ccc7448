import { expect, test } from "vitest";
import { applied, NOTHING_YET } from "./live";
import { aCall, aSession } from "./samples";

test("a call told again changes its row, a new one follows in order", () => {
  let live = applied(NOTHING_YET, { type: "call", call: aCall({ number: 1 }) });
  live = applied(live, { type: "call", call: aCall({ number: 3 }) });
  live = applied(live, { type: "call", call: aCall({ number: 2 }) });
  live = applied(live, { type: "call", call: aCall({ number: 1, state: "done", took_ms: 12 }) });
  expect(live.calls.map((call) => [call.number, call.state])).toEqual([[1, "done"], [2, "running"], [3, "running"]]);
});

test("lists are bounded and lose the oldest", () => {
  let live = NOTHING_YET;
  for (let number = 0; number < 400; number += 1) {
    live = applied(live, { type: "call", call: aCall({ number }) });
    live = applied(live, { type: "console", line: { page: 1, level: "log", text: String(number), at: number } });
  }
  expect([live.calls.length, live.calls[0]?.number]).toEqual([300, 100]);
  expect([live.console.length, live.console[0]?.text]).toEqual([300, "100"]);
});

test("a full state after a reconnect is the truth: an old dialog, refusal or wheel is gone", () => {
  let live = applied(NOTHING_YET, { type: "control", controller: "ann", you_control: true, since: null });
  live = applied(live, { type: "dialog", page: 1, kind: "confirm", message: "Sure?" });
  live = applied(live, { type: "refused", error: "no", hint: "ask" });
  live = applied(live, { type: "state", session: aSession(), calls: [], approvals: [], controller: null, you_control: false, since: null });
  expect(live).toMatchObject({ youControl: false, controller: null, dialog: null, refusal: null });
});

test("a dialog answered is a dialog gone, and a closed session is driven by nobody here", () => {
  let live = applied(NOTHING_YET, { type: "dialog", page: 2, kind: "alert", message: "Hi" });
  expect(live.dialog).toEqual({ page: 2, kind: "alert", message: "Hi" });
  live = applied(live, { type: "dialog", page: 2, kind: null, message: "" });
  expect(live.dialog).toBeNull();
  live = applied(applied(live, { type: "control", controller: "ann", you_control: true, since: null }), { type: "closed", reason: "idle" });
  expect([live.closed, live.youControl]).toEqual(["idle", false]);
});
