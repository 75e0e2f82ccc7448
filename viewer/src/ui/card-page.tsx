/** One held call by its own address: where links in messages lead. It stays here when it is decided, and says how. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { ApprovalView } from "../protocol/generated/wire";
import { sessionLink } from "../state/route";
import { approvals, fetchApproval, sessions } from "../state/store";
import { ApprovalCard } from "./approval-card";
import { DecidedList } from "./decided";
import { Notice } from "./parts";

export function CardPage({ id }: { id: string }): JSX.Element {
  // Long decided ones are not kept with the others.
  const fetched = useSignal<ApprovalView | null>(null);
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    void fetchApproval(id).then((answer) => {
      if (typeof answer === "string") trouble.value = answer;
      else fetched.value = answer;
    });
  }, [id, fetched, trouble]);
  const approval = approvals.value.get(id) ?? fetched.value;
  return (
    <div class="page card-page" data-testid="card-page" data-cards>
      <h1 tabIndex={-1}>{heading(approval)}</h1>
      {approval === null ? (
        trouble.value === null ? (
          <p class="soft" role="status">
            Opening it…
          </p>
        ) : (
          <Notice tone="bad" testId="card-missing">
            {trouble.value}
          </Notice>
        )
      ) : approval.state === "pending" ? (
        <ApprovalCard approval={approval} place={0} linked />
      ) : (
        <DecidedList approvals={[approval]} named />
      )}
      <p class="card-page-ways">
        {approval !== null && sessions.value.has(approval.session) && (
          <a class="button" href={sessionLink(approval.session)}>
            Watch {approval.session_name}
          </a>
        )}
        <a class="button quiet" href="#/">
          All sessions
        </a>
      </p>
    </div>
  );
}

function heading(approval: ApprovalView | null): string {
  if (approval === null) return "A step of an agent";
  return approval.state === "pending" ? "A step waits for a decision" : "A step that was decided";
}
