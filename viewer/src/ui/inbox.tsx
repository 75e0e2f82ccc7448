/** All steps that wait for a person, from every page. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { decided } from "../state/approvals";
import { now } from "../state/clock";
import { standing } from "../state/grants";
import { approvals, fetchDecided, grants, inboxOpen, openHandoffs, pendingApprovals, waitingCount } from "../state/store";
import { ApprovalCard } from "./approval-card";
import { Attention } from "./attention";
import { DecidedList } from "./decided";
import { GrantList } from "./grants";
import { HandoffCard } from "./handoff-card";
import { CheckIcon, CloseIcon } from "./icons";

export function Inbox(): JSX.Element | null {
  if (!inboxOpen.value) return null;
  return <OpenInbox />;
}

function close(): void {
  inboxOpen.value = false;
}

function OpenInbox(): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  const trouble = useSignal<string | null>(null);
  const waiting = pendingApprovals.value;
  useEffect(() => {
    const before = document.activeElement;
    heading.current?.focus();
    void fetchDecided().then((said) => (trouble.value = said));
    const escape = (event: KeyboardEvent): void => {
      // Escape belongs to the large picture while it is open, and to the page while a person drives it.
      if (event.key === "Escape" && !event.defaultPrevented && document.querySelector("dialog[open]") === null) close();
    };
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("keydown", escape);
      if (before instanceof HTMLElement) before.focus();
    };
  }, [trouble]);
  return (
    <aside
      id="inbox"
      class="inbox"
      aria-labelledby="inbox-heading"
      data-testid="inbox"
      data-cards
    >
      <header class="inbox-head">
        <h2 id="inbox-heading" tabIndex={-1} ref={heading}>
          Waiting for a person
        </h2>
        <button type="button" class="button quiet icon-only" aria-label="Close the inbox" onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <Attention />
      <div class="inbox-body">
        {openHandoffs.value.map((session) =>
          session.handoff === null ? null : <HandoffCard key={`${session.id} ${session.handoff.number}`} session={session} handoff={session.handoff} linked />,
        )}
        {waitingCount.value === 0 ? (
          <div class="all-clear">
            <CheckIcon />
            <p>Nothing waits. Steps that a rule stops, and what agents ask people to do, appear here.</p>
          </div>
        ) : (
          waiting.map((approval, at) => <ApprovalCard key={approval.id} approval={approval} place={at} linked />)
        )}
        {trouble.value !== null && <p class="hint">Earlier decisions could not be read: {trouble.value}</p>}
        <GrantList grants={standing(grants.value, now.value)} named />
        <DecidedList approvals={decided(approvals.value)} named />
      </div>
    </aside>
  );
}
