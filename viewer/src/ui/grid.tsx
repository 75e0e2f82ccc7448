/** All sessions, live, those that need a person first. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { inOrder, matches, needsPerson } from "../state/feed";
import { now } from "../state/clock";
import { feedKnown, feedLink, inboxOpen, openHandoffs, pendingApprovals, sessions } from "../state/store";
import { timeLeft } from "../state/words";
import { ConnectAgent } from "./connect-agent";
import { Tile } from "./tile";

/** With more sessions than this a filter is worth its place. */
const FILTER_FROM = 7;

/** So few sessions have room for larger pictures. */
const FEW = 2;

export function Grid(): JSX.Element {
  const words = useSignal("");
  if (!feedKnown.value) {
    return (
      <div class="page">
        <p class="soft" role="status">
          {feedLink.value === "lost" ? "The service cannot be reached yet." : "Reading the sessions…"}
        </p>
      </div>
    );
  }
  const all = inOrder(sessions.value);
  if (all.length === 0) {
    return (
      <div class="page">
        <ConnectAgent />
      </div>
    );
  }
  const shown = all.filter((session) => matches(session, words.value));
  const needing = all.filter(needsPerson).length;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Sessions</h1>
        <p class="soft" data-testid="sessions-summary">
          {all.length} open
          {needing > 0 && (
            <>
              {" · "}
              <strong class="needs">{needing === 1 ? "1 needs" : `${needing} need`} a person</strong>
            </>
          )}
        </p>
        <span class="gap" />
        {all.length >= FILTER_FROM && (
          <input
            class="filter"
            type="search"
            placeholder="Filter sessions"
            aria-label="Filter sessions"
            value={words.value}
            onInput={(event) => (words.value = event.currentTarget.value)}
          />
        )}
      </header>
      <Waiting />
      {shown.length === 0 ? (
        <p class="soft">No session answers to “{words.value}”.</p>
      ) : (
        <ul class={`grid${all.length <= FEW ? " grid-few" : ""}`} aria-label="Sessions">
          {shown.map((session) => (
            <li key={session.id}>
              <Tile session={session} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** More than these are behind the button. */
const SHOWN_MAX = 3;

/** What waits, in one line each; the cards are in the inbox. */
function Waiting(): JSX.Element | null {
  const steps = pendingApprovals.value.map((approval) => ({
    key: approval.id,
    what: approval.summary,
    where: `${approval.session_name} · ${approval.origin}`,
    expiresAt: approval.expires_at,
  }));
  const asked = openHandoffs.value.map((session) => ({
    key: session.id,
    what: session.handoff?.instructions ?? "",
    where: `${session.name} asks for a person`,
    expiresAt: session.handoff?.expires_at ?? 0,
  }));
  const waiting = [...steps, ...asked];
  if (waiting.length === 0) return null;
  return (
    <section class="waiting" aria-label={`${waiting.length} waiting for a person`} data-testid="waiting-strip">
      <ul>
        {waiting.slice(0, SHOWN_MAX).map((one) => (
          <li key={one.key}>
            <span class="dot" aria-hidden="true" />
            <span class="waiting-what">
              <strong>{one.what}</strong>
              <span class="soft">{one.where}</span>
            </span>
            <span class="soft time">{timeLeft(one.expiresAt - now.value)}</span>
          </li>
        ))}
      </ul>
      <button type="button" class="button attention" data-testid="review" onClick={() => (inboxOpen.value = true)}>
        Review {waiting.length > SHOWN_MAX ? `all ${waiting.length}` : ""}
      </button>
    </section>
  );
}
