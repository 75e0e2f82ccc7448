/** How held calls ended: one line each. */

import type { JSX } from "preact";
import type { ApprovalState, ApprovalView } from "../protocol/generated/wire";
import { clockTime } from "../state/words";

/** In order of `ApprovalState`; what became of it, never only what was said. */
const ENDED: Record<ApprovalState, { word: string; tone: "good" | "bad" | "odd" }> = {
  pending: { word: "Waiting", tone: "odd" },
  approved: { word: "Approved", tone: "good" },
  edited: { word: "Changed and approved", tone: "good" },
  denied: { word: "Denied", tone: "bad" },
  expired: { word: "Nobody answered", tone: "odd" },
  withdrawn: { word: "Withdrawn", tone: "odd" },
  stale: { word: "Not done: the page had changed", tone: "odd" },
  executed: { word: "Approved and done", tone: "good" },
  outcome_unknown: { word: "Outcome unknown", tone: "bad" },
};

function ended(approval: ApprovalView): { word: string; tone: "good" | "bad" | "odd" } {
  if (approval.state === "executed" && approval.edit !== null) return { word: "Changed, approved and done", tone: "good" };
  // Only a person who takes over withdraws with a name.
  if (approval.state === "withdrawn" && approval.decided_by !== null) return { word: "Taken over", tone: "odd" };
  return ENDED[approval.state];
}

export function DecidedList({ approvals, named = false }: { approvals: readonly ApprovalView[]; named?: boolean }): JSX.Element | null {
  if (approvals.length === 0) return null;
  return (
    <div class="decided">
      <h3>Decided</h3>
      <ul>
        {approvals.map((approval) => {
          const { word, tone } = ended(approval);
          return (
            <li key={approval.id} data-testid="decided-row" data-state={approval.state}>
              <span class={`ended ended-${tone}`}>{word}</span>
              <span class="decided-summary">{approval.edit?.summary ?? approval.summary}</span>
              {approval.edit !== null && <span class="soft small quote">{approval.edit.what}</span>}
              <span class="soft small">
                {named ? `${approval.session_name} · ` : ""}
                {approval.decided_by === null ? "" : `${approval.decided_by} · `}
                {clockTime(approval.decided_at ?? approval.expires_at)}
              </span>
              {approval.decision_reason !== null && <span class="soft small quote">“{approval.decision_reason}”</span>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
