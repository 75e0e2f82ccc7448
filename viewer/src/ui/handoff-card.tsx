/** What an agent asked a person to do: its words, the time left, done or failed. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { HandoffOutcome, HandoffView, SessionView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { handoffLink, route, sessionLink } from "../state/route";
import { answerHandoff, inboxOpen, may } from "../state/store";
import { timeLeft } from "../state/words";
import { Notice } from "./parts";

const REASON_CHARS_MAX = 500;

export interface HandoffCardProps {
  session: SessionView;
  handoff: HandoffView;
  /** Show whose session it is, with the way there. */
  linked?: boolean;
  /** Called when the person has said how it went. */
  onAnswered?: () => void;
}

export function HandoffCard({ session, handoff, linked = false, onAnswered }: HandoffCardProps): JSX.Element {
  const reason = useSignal("");
  const sending = useSignal<HandoffOutcome | null>(null);
  const trouble = useSignal<string | null>(null);
  const left = handoff.expires_at - now.value;
  const say = async (outcome: HandoffOutcome, button: HTMLElement): Promise<void> => {
    if (sending.value !== null) return;
    const heading = button.closest("[data-cards]")?.querySelector<HTMLElement>("h1, h2");
    sending.value = outcome;
    const said = reason.value.trim();
    trouble.value = await answerHandoff(session.id, { number: handoff.number, outcome, reason: said === "" ? null : said });
    sending.value = null;
    if (trouble.value !== null) return;
    onAnswered?.();
    // The card goes away with the button that had the focus.
    heading?.focus();
  };
  const locked = sending.value !== null || left <= 0;
  const titleId = `handoff-${session.id}`;
  const title = useRef<HTMLHeadingElement>(null);
  const here = route.value;
  const opened = !linked && here.page === "session" && here.asked;
  useEffect(() => {
    // Whoever comes by a link to this question begins with it, also where it lies below the picture.
    if (opened) title.current?.focus();
  }, [opened]);
  return (
    <article class="card" aria-labelledby={titleId} data-testid="handoff-card">
      <header class="card-head">
        <span class="card-session">
          {linked ? (
            <a href={sessionLink(session.id)} onClick={() => (inboxOpen.value = false)}>
              {session.name}
            </a>
          ) : (
            "The agent asks for a person"
          )}
        </span>
        <span class="time-left">{left > 0 ? `${timeLeft(left)} left` : "Time is up"}</span>
      </header>
      <h3 id={titleId} ref={title} tabIndex={-1} class="card-summary card-words" data-testid="handoff-instructions">
        {handoff.instructions}
      </h3>
      {trouble.value !== null && <Notice tone="bad">{trouble.value}</Notice>}
      {!may("control") ? (
        <p class="hint">Your key may watch but not help.</p>
      ) : linked ? (
        <p class="hint">
          <a class="button primary" href={handoffLink(session.id)} onClick={() => (inboxOpen.value = false)}>
            Go there and help
          </a>
        </p>
      ) : (
        <form class="card-answer" onSubmit={(event) => event.preventDefault()}>
          <p class="soft small card-how">Take control of the picture, do it, then say how it went.</p>
          <label class="field">
            <span class="unseen">Note to the agent, optional</span>
            <input
              data-testid="handoff-reason"
              type="text"
              placeholder="Note to the agent (optional)"
              maxLength={REASON_CHARS_MAX}
              value={reason.value}
              onInput={(event) => (reason.value = event.currentTarget.value)}
            />
          </label>
          <div class="card-buttons">
            <button type="button" class="button deny" data-testid="handoff-failed" disabled={locked} onClick={(event) => void say("failed", event.currentTarget)}>
              {sending.value === "failed" ? "Saying so…" : "It failed"}
            </button>
            <button type="button" class="button approve" data-testid="handoff-done" disabled={locked} onClick={(event) => void say("done", event.currentTarget)}>
              {sending.value === "done" ? "Saying so…" : "Done"}
            </button>
          </div>
        </form>
      )}
    </article>
  );
}
