import { expect, test } from "vitest";
import { appliedSessions, inOrder, matches } from "./feed";
import { aSession } from "./samples";

const ids = (sessions: ReturnType<typeof appliedSessions>): string[] => inOrder(sessions).map((session) => session.id);

test("a full state replaces everything, later events change one", () => {
  let sessions = appliedSessions(new Map([["s_old", aSession({ id: "s_old" })]]), {
    type: "state", sessions: [aSession({ id: "s_1" }), aSession({ id: "s_2", opened_at: 2000 })], approvals: [], grants: [],
  });
  expect(ids(sessions)).toEqual(["s_1", "s_2"]);
  sessions = appliedSessions(sessions, { type: "session", session: aSession({ id: "s_1", title: "Changed" }) });
  expect(sessions.get("s_1")?.title).toBe("Changed");
  sessions = appliedSessions(sessions, { type: "session_closed", id: "s_1" });
  expect(ids(sessions)).toEqual(["s_2"]);
});

test("who needs a person comes first, and work in progress does not shuffle the rest", () => {
  const sessions = new Map(
    [
      aSession({ id: "s_idle", opened_at: 1 }),
      aSession({ id: "s_busy", opened_at: 2, state: "busy" }),
      aSession({ id: "s_held", opened_at: 3, state: "held" }),
      aSession({ id: "s_wait", opened_at: 4, state: "waiting", approvals_pending: 1 }),
      aSession({ id: "s_idle2", opened_at: 5, approvals_pending: 1 }),
    ].map((session) => [session.id, session]),
  );
  expect(ids(sessions)).toEqual(["s_wait", "s_idle2", "s_held", "s_idle", "s_busy"]);
});

test("every word of the filter must be found somewhere", () => {
  const session = aSession({ name: "shop-bot", title: "Cart" });
  expect(matches(session, "")).toBe(true);
  expect(matches(session, "CART shop")).toBe(true);
  expect(matches(session, "cart bank")).toBe(false);
});
