/** What the grid shows: all sessions, as `/v1/feed` tells them. Pure. */

import type { FeedEvent, SessionId, SessionState, SessionView } from "../protocol/generated/wire";

export type Sessions = ReadonlyMap<SessionId, SessionView>;

export function appliedSessions(sessions: Sessions, event: FeedEvent): Sessions {
  switch (event.type) {
    case "state":
      return new Map(event.sessions.map((session) => [session.id, session]));
    case "session":
      return new Map(sessions).set(event.session.id, event.session);
    case "session_closed": {
      const next = new Map(sessions);
      next.delete(event.id);
      return next;
    }
    case "approval":
    case "grant":
      return sessions;
  }
}

/** Lower comes first. Busy and idle are one: a grid that reorders at every call cannot be read. */
const RANK: Record<SessionState, number> = { waiting: 0, crashed: 1, held: 2, busy: 3, idle: 3, closed: 4 };

export function needsPerson(session: SessionView): boolean {
  return session.state === "waiting" || session.approvals_pending > 0 || session.handoff !== null;
}

/** Sessions whose agent asked a person to do something, the oldest question first. */
export function askingSessions(sessions: Sessions): SessionView[] {
  return [...sessions.values()].filter((session) => session.handoff !== null).sort((a, b) => askedAt(a) - askedAt(b));
}

function askedAt(session: SessionView): number {
  return session.handoff?.asked_at ?? 0;
}

/** Sessions that need a person first, then by age. */
export function inOrder(sessions: Sessions): SessionView[] {
  const rank = (session: SessionView): number => (needsPerson(session) ? 0 : RANK[session.state]);
  return [...sessions.values()].sort(
    (a, b) => rank(a) - rank(b) || a.opened_at - b.opened_at || (a.id < b.id ? -1 : 1),
  );
}

/** Does a session answer to what was typed into the filter? */
export function matches(session: SessionView, words: string): boolean {
  const text = `${session.name} ${session.owner} ${session.title} ${session.url} ${session.state}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
