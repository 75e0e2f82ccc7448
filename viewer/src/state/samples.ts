/** Whole views for tests, of which a test says only what matters to it. */

import type { ApprovalView, CallView, GrantView, SessionView } from "../protocol/generated/wire";

export function aSession(said: Partial<SessionView> = {}): SessionView {
  return {
    id: "s_one", name: "one", state: "idle", url: "https://example.org/", title: "Example", opened_at: 1000, used_at: 1000,
    tenant: "main", owner: "agent", tabs: [], approvals_pending: 0, handoff: null, viewers: 0, ...said,
  };
}

export function anApproval(said: Partial<ApprovalView> = {}): ApprovalView {
  return {
    id: "a_one", session: "s_one", session_name: "one", tool: "browser_click", summary: 'Click button "Buy now"',
    origin: "https://example.org", url: "https://example.org/", rule: "buying", reason: "It spends money.", state: "pending",
    asked_at: 1000, expires_at: 61_000, decided_at: null, decided_by: null, decision_reason: null, fields: [], approvers: 1,
    yes: [], deciders: [], editable: [], edit: null, grant: null, outline: null,
    picture: null, picture_size: null, ...said,
  };
}

export function aCall(said: Partial<CallView> = {}): CallView {
  return { number: 1, tool: "browser_click", summary: "Click", state: "running", started_at: 1000, took_ms: null, error: null, ...said };
}

export function aGrant(said: Partial<GrantView> = {}): GrantView {
  return {
    id: "g_one", session: "s_one", session_name: "one", rule: "buying", approval: "a_one", by: "Ann", given_at: 1000, expires_at: 601_000,
    uses: 0, uses_max: 20, ended_at: null, end_reason: null, ...said,
  };
}
