import { expect, test } from "vitest";
import { decided, merged, pending, replaced } from "./approvals";
import { anApproval } from "./samples";

test("a late 'pending' does not undo a decision already seen", () => {
  const seen = merged(new Map(), [anApproval({ state: "denied" })]);
  expect(pending(merged(seen, [anApproval()]))).toEqual([]);
});

test("approved becomes executed, and not the other way", () => {
  const done = merged(merged(new Map(), [anApproval({ state: "approved" })]), [anApproval({ state: "executed" })]);
  expect(decided(done)[0]?.state).toBe("executed");
  expect(decided(merged(done, [anApproval({ state: "approved" })]))[0]?.state).toBe("executed");
});

test("a full state takes away what is no longer pending and keeps what was seen decided", () => {
  const before = merged(new Map(), [anApproval({ id: "a_gone" }), anApproval({ id: "a_done", state: "executed" })]);
  const after = replaced(before, [anApproval({ id: "a_new" })]);
  expect(pending(after).map((approval) => approval.id)).toEqual(["a_new"]);
  expect(decided(after).map((approval) => approval.id)).toEqual(["a_done"]);
});

test("the oldest waits at the top, and a session's list holds only its own", () => {
  const all = merged(new Map(), [
    anApproval({ id: "a_2", asked_at: 2000 }),
    anApproval({ id: "a_1", asked_at: 1000, session: "s_two" }),
  ]);
  expect(pending(all).map((approval) => approval.id)).toEqual(["a_1", "a_2"]);
  expect(pending(all, "s_two").map((approval) => approval.id)).toEqual(["a_1"]);
});

test("what was decided does not pile up, what waits is never dropped", () => {
  const many = Array.from({ length: 100 }, (_, i) => anApproval({ id: `a_${i}`, state: "denied", decided_at: i }));
  const waiting = Array.from({ length: 60 }, (_, i) => anApproval({ id: `a_w${i}` }));
  const all = merged(new Map(), [...many, ...waiting]);
  expect(decided(all)).toHaveLength(40);
  expect(decided(all)[0]?.id).toBe("a_99");
  expect(pending(all)).toHaveLength(60);
});
