import { expect, test } from "vitest";
import { appliedGrants, standing } from "./grants";
import { aGrant } from "./samples";

test("a grant is shown while it stands, and an older word undoes nothing", () => {
  const given = appliedGrants(new Map(), { type: "grant", grant: aGrant() });
  const used = appliedGrants(given, { type: "grant", grant: aGrant({ uses: 2 }) });
  expect(appliedGrants(used, { type: "grant", grant: aGrant({ uses: 1 }) }).get("g_one")?.uses).toBe(2);
  expect(standing(used, 2000).length).toBe(1);
  expect(standing(used, 601_000)).toEqual([]);
  expect(standing(used, 2000, "s_other")).toEqual([]);
  const over = appliedGrants(used, { type: "grant", grant: aGrant({ ended_at: 3000, end_reason: "revoked by Ann" }) });
  expect(over.size).toBe(0);
  expect(appliedGrants(used, { type: "state", sessions: [], approvals: [], grants: [] }).size).toBe(0);
});
