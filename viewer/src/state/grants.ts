/** What people let through without being asked each time, as `/v1/feed` tells it. Pure; bounded by the service. */

import type { FeedEvent, GrantId, GrantView, SessionId } from "../protocol/generated/wire";

export type Grants = ReadonlyMap<GrantId, GrantView>;

export function appliedGrants(grants: Grants, event: FeedEvent): Grants {
  if (event.type === "state") return new Map(event.grants.map((grant) => [grant.id, grant]));
  if (event.type !== "grant") return grants;
  const next = new Map(grants);
  if (event.grant.ended_at !== null) next.delete(event.grant.id);
  else if ((next.get(event.grant.id)?.uses ?? 0) <= event.grant.uses) next.set(event.grant.id, event.grant);
  return next;
}

/** Those that stand now, of one session or of all, the oldest first. Time ends them also where nobody has said so yet. */
export function standing(grants: Grants, now: number, session?: SessionId): GrantView[] {
  return [...grants.values()]
    .filter((grant) => grant.expires_at > now && (session === undefined || grant.session === session))
    .sort((a, b) => a.given_at - b.given_at || (a.id < b.id ? -1 : 1));
}
