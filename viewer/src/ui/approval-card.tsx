/** One held call: what will happen, where, why it was stopped, the element on its picture, yes or no. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { ApprovalView, Decision } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { sessionLink } from "../state/route";
import { decide, inboxOpen, may } from "../state/store";
import { timeLeft } from "../state/words";
import { ApprovalPicture } from "./approval-picture";
import { Notice } from "./parts";

/** After a card appears or moves its buttons rest this long: a click meant for the card that was here must not decide this one. */
const REST_MS = 450;

/** Less than this left is shown as pressing. */
const PRESSING_MS = 30_000;

export interface ApprovalCardProps {
  approval: ApprovalView;
  /** Index in its list. */
  place: number;
  /** Show whose session it is, with the way there. */
  linked?: boolean;
}

export function ApprovalCard({ approval, place, linked = false }: ApprovalCardProps): JSX.Element {
  const reason = useSignal("");
  const sending = useSignal<Decision | null>(null);
  const trouble = useSignal<string | null>(null);
  const rested = useSignal(false);
  useEffect(() => {
    rested.value = false;
    const timer = window.setTimeout(() => (rested.value = true), REST_MS);
    return () => window.clearTimeout(timer);
  }, [place, rested]);

  const left = approval.expires_at - now.value;
  const whole = Math.max(1, approval.expires_at - approval.asked_at);
  const say = async (decision: Decision, button: HTMLElement): Promise<void> => {
    if (sending.value !== null) return;
    const heading = button.closest("[data-cards]")?.querySelector<HTMLElement>("h1, h2");
    sending.value = decision;
    trouble.value = await decide(approval, decision, reason.value);
    sending.value = null;
    // The card goes away with the button that had the focus: whoever has no mouse must not be lost with it.
    if (trouble.value === null) heading?.focus();
  };
  const locked = !rested.value || sending.value !== null || left <= 0;
  const titleId = `title-${approval.id}`;
  return (
    <article class="card" aria-labelledby={titleId} data-testid="approval-card" data-approval={approval.id}>
      <header class="card-head">
        <span class="card-session">
          {linked ? (
            <a href={sessionLink(approval.session)} onClick={() => (inboxOpen.value = false)}>
              {approval.session_name}
            </a>
          ) : (
            (may("approve") ? "Needs your decision" : "Needs a decision")
          )}
        </span>
        <span class={`time-left${left < PRESSING_MS ? " pressing" : ""}`} data-testid="time-left">
          {left > 0 ? `${timeLeft(left)} left` : "Time is up"}
        </span>
      </header>
      <div class={`time-line${left < PRESSING_MS ? " pressing" : ""}`} aria-hidden="true">
        <span style={{ width: `${Math.max(0, Math.min(100, (left / whole) * 100))}%` }} />
      </div>
      <h3 id={titleId} class="card-summary" data-testid="approval-summary">
        {approval.summary}
      </h3>
      <p class="card-origin" title={approval.url}>
        on <strong>{approval.origin}</strong>
      </p>
      <ApprovalPicture approval={approval} />
      {approval.fields.length > 0 && (
        <dl class="card-fields">
          {approval.fields.map((field, at) => (
            <div key={at}>
              <dt>{field.label}</dt>
              <dd>{field.value}</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="card-rule">
        <span class="rule-name">{approval.rule}</span> {approval.reason}
      </p>
      {trouble.value !== null && <Notice tone="bad">{trouble.value}</Notice>}
      {may("approve") ? (
        <form
          class="card-answer"
          onSubmit={(event) => {
            // Enter in the note decides nothing: yes and no are said with their own buttons.
            event.preventDefault();
          }}
        >
          <label class="field">
            <span class="unseen">Note to the agent, optional</span>
            <input
              data-testid="deny-reason"
              type="text"
              placeholder="Note to the agent (optional)"
              maxLength={500}
              value={reason.value}
              onInput={(event) => (reason.value = event.currentTarget.value)}
            />
          </label>
          <div class="card-buttons">
            <button type="button" class="button deny" data-testid="deny" disabled={locked} onClick={(event) => void say("deny", event.currentTarget)}>
              {sending.value === "deny" ? "Denying…" : "Deny"}
            </button>
            <button type="button" class="button approve" data-testid="approve" disabled={locked} onClick={(event) => void say("approve", event.currentTarget)}>
              {sending.value === "approve" ? "Approving…" : "Approve"}
            </button>
          </div>
        </form>
      ) : (
        <p class="hint">Your key may watch but not approve.</p>
      )}
    </article>
  );
}
