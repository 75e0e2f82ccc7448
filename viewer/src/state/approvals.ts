/** The held calls this page knows of. Two sockets tell about them, so merging must not let an older word undo a newer one. Pure. */

import type { ApprovalId, ApprovalState, ApprovalView, SessionId } from "../protocol/generated/wire";

export type Approvals = ReadonlyMap<ApprovalId, ApprovalView>;

/** Decided ones kept to show how they ended; the pending are all kept (the service bounds them). */
const DECIDED_KEPT = 40;

/** How far along each state is; a call only ever moves forward. */
const STAGE: Record<ApprovalState, number> = {
  pending: 0,
  approved: 1,
  edited: 1,
  denied: 2,
  expired: 2,
  withdrawn: 2,
  stale: 2,
  executed: 2,
  outcome_unknown: 2,
};

/** Fewer people had said yes, or it was less far along. */
function isOlder(news: ApprovalView, known: ApprovalView): boolean {
  const further = STAGE[news.state] - STAGE[known.state];
  return further < 0 || (further === 0 && news.yes.length < known.yes.length);
}

export function merged(approvals: Approvals, news: readonly ApprovalView[]): Approvals {
  const next = new Map(approvals);
  for (const approval of news) {
    const known = next.get(approval.id);
    if (known === undefined || !isOlder(approval, known)) next.set(approval.id, approval);
  }
  const decided = [...next.values()].filter((approval) => approval.state !== "pending");
  if (decided.length > DECIDED_KEPT) {
    decided.sort((a, b) => (a.decided_at ?? a.asked_at) - (b.decided_at ?? b.asked_at));
    for (const old of decided.slice(0, decided.length - DECIDED_KEPT)) next.delete(old.id);
  }
  return next;
}

/** A full state arrived: what it does not name is no longer pending; what this page saw decided may still be shown. */
export function replaced(approvals: Approvals, all: readonly ApprovalView[]): Approvals {
  const kept = [...approvals].filter(([, approval]) => approval.state !== "pending");
  return merged(new Map(kept), all);
}

/** Those that wait for a person, oldest first: a new one never moves those above it. */
export function pending(approvals: Approvals, session?: SessionId): ApprovalView[] {
  return [...approvals.values()]
    .filter((approval) => approval.state === "pending" && (session === undefined || approval.session === session))
    .sort((a, b) => a.asked_at - b.asked_at || (a.id < b.id ? -1 : 1));
}

/** Those decided, newest first. */
export function decided(approvals: Approvals, session?: SessionId): ApprovalView[] {
  return [...approvals.values()]
    .filter((approval) => approval.state !== "pending" && (session === undefined || approval.session === session))
    .sort((a, b) => (b.decided_at ?? b.asked_at) - (a.decided_at ?? a.asked_at));
}
