/** One held call: what will happen, where, why it was stopped, the element on its picture; yes, no, yes to something else, or by hand. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { ApprovalView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { changes, type Draft } from "../state/edit";
import { sessionLink } from "../state/route";
import { decide, inboxOpen, may, type Said, takingOver } from "../state/store";
import { timeLeft } from "../state/words";
import { ApprovalEdit } from "./approval-edit";
import { ApprovalPicture } from "./approval-picture";
import { Notice } from "./parts";

/** After a card appears or moves its buttons rest this long: a click meant for the card that was here must not decide this one. */
const REST_MS = 450;

/** Less than this left is shown as pressing. */
const PRESSING_MS = 30_000;

/** Minutes a person may let a rule through for; 0 asks each time. */
const GRANT_MINUTES = [0, 5, 10, 30, 60];

export interface ApprovalCardProps {
  approval: ApprovalView;
  /** Index in its list. */
  place: number;
  /** Show whose session it is, with the way there. */
  linked?: boolean;
}

export function ApprovalCard({ approval, place, linked = false }: ApprovalCardProps): JSX.Element {
  const reason = useSignal("");
  const sending = useSignal<Said["decision"] | null>(null);
  const editing = useSignal(false);
  const draft = useSignal<Draft>(new Map());
  const minutes = useSignal(0);
  const trouble = useSignal<string | null>(null);
  const rested = useSignal(false);
  useEffect(() => {
    rested.value = false;
    const timer = window.setTimeout(() => (rested.value = true), REST_MS);
    return () => window.clearTimeout(timer);
  }, [place, rested]);

  const left = approval.expires_at - now.value;
  const whole = Math.max(1, approval.expires_at - approval.asked_at);
  const say = async (said: Said, button: HTMLElement): Promise<void> => {
    if (sending.value !== null) return;
    const heading = button.closest("[data-cards]")?.querySelector<HTMLElement>("h1, h2");
    sending.value = said.decision;
    trouble.value = await decide(approval, said, reason.value);
    sending.value = null;
    // The card goes away with the button that had the focus: whoever has no mouse must not be lost with it.
    if (trouble.value === null) heading?.focus();
  };
  const locked = !rested.value || sending.value !== null || left <= 0;
  const changed = changes(approval.editable, draft.value);
  // The session's page has the wheel; it ends the call once this person has it.
  const takeOver = (): void => {
    takingOver.value = approval;
    inboxOpen.value = false;
    window.location.hash = sessionLink(approval.session);
  };
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
      <People approval={approval} />
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
          {editing.value ? (
            <>
              <ApprovalEdit fields={approval.editable} draft={draft} id={approval.id} />
              <div class="card-buttons">
                <button type="button" class="button" data-testid="edit-back" onClick={() => (editing.value = false)}>
                  Back
                </button>
                <button
                  type="button"
                  class="button approve"
                  data-testid="edit-approve"
                  disabled={locked || changed === null}
                  onClick={(event) => void say({ decision: "edit", arguments: changed }, event.currentTarget)}
                >
                  {sending.value === "edit" ? "Approving…" : "Approve as changed"}
                </button>
              </div>
            </>
          ) : (
            <>
              {approval.approvers === 1 && (
                <label class="card-grant">
                  <span>After a yes, this rule</span>
                  <select data-testid="grant-minutes" value={String(minutes.value)} onChange={(event) => (minutes.value = Number(event.currentTarget.value))}>
                    {GRANT_MINUTES.map((one) => (
                      <option key={one} value={String(one)}>
                        {one === 0 ? "asks each time" : `asks no more here for ${one} min`}
                      </option>
                    ))}
                  </select>
                </label>
              )}
              <div class="card-buttons">
                <button type="button" class="button deny" data-testid="deny" disabled={locked} onClick={(event) => void say({ decision: "deny" }, event.currentTarget)}>
                  {sending.value === "deny" ? "Denying…" : "Deny"}
                </button>
                <button
                  type="button"
                  class="button approve"
                  data-testid="approve"
                  disabled={locked}
                  onClick={(event) => void say(minutes.value === 0 ? { decision: "approve" } : { decision: "approve", grant: { minutes: minutes.value, uses: null } }, event.currentTarget)}
                >
                  {sending.value === "approve" ? "Approving…" : minutes.value === 0 ? "Approve" : `Approve, and for ${minutes.value} min`}
                </button>
              </div>
              <div class="card-other">
                {approval.editable.length > 0 && (
                  <button type="button" class="button quiet small" data-testid="edit" disabled={locked} onClick={() => (editing.value = true)}>
                    Change it…
                  </button>
                )}
                {may("control") && (
                  <button type="button" class="button quiet small" data-testid="take-over" disabled={locked} onClick={takeOver}>
                    Take over instead
                  </button>
                )}
              </div>
            </>
          )}
        </form>
      ) : (
        <p class="hint">Your key may watch but not approve.</p>
      )}
    </article>
  );
}

/** Who must say yes, and who has. */
function People({ approval }: { approval: ApprovalView }): JSX.Element | null {
  const several = approval.approvers > 1;
  if (!several && approval.deciders.length === 0) return null;
  return (
    <div class="card-people" data-testid="people">
      {several && (
        <span class="people-count">
          {approval.yes.length} of {approval.approvers} said yes
        </span>
      )}
      {approval.yes.map((yes) => (
        <span key={`${yes.by} ${yes.at}`} class="soft small">
          {yes.by}
          {yes.reason !== null && <> · “{yes.reason}”</>}
        </span>
      ))}
      {approval.deciders.length > 0 && <span class="soft small">Decided by {approval.deciders.map((list) => list.join(" or ")).join(", who is also ")}</span>}
    </div>
  );
}
