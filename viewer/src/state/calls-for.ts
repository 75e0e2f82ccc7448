/** What calls for this person, and what of it is news. Pure. */

import type { ApprovalView, SessionView } from "../protocol/generated/wire";
import { approvalLink, handoffLink } from "./route";

/** Longest text outside of this page, in characters: systems cut theirs anywhere. */
const WORDS_MAX = 140;

export interface Call {
  /** The same as long as it is the same card or question. */
  key: string;
  title: string;
  body: string;
  /** Fragment of the page that opens straight on it. */
  link: string;
}

/** The calls of all that waits. */
export function callsFor(approvals: readonly ApprovalView[], asking: readonly SessionView[]): Call[] {
  const cards = approvals.map((approval) => ({
    key: approval.id,
    title: `${short(approval.session_name)}: a step waits for a decision`,
    body: `${short(approval.summary)} on ${short(approval.origin)}`,
    link: approvalLink(approval.id),
  }));
  const questions = asking.flatMap((session) =>
    session.handoff === null
      ? []
      : [
          {
            key: `${session.id} ${session.handoff.number}`,
            title: `${short(session.name)} asks for a person`,
            body: short(session.handoff.instructions),
            link: handoffLink(session.id),
          },
        ],
  );
  return [...cards, ...questions];
}

/** What came and what went between two looks. Before the first one nothing is news: who opens the page sees what waits. */
export function changes(before: ReadonlySet<string> | null, calls: readonly Call[]): { fresh: Call[]; gone: string[] } {
  if (before === null) return { fresh: [], gone: [] };
  const now = new Set(calls.map((call) => call.key));
  return { fresh: calls.filter((call) => !before.has(call.key)), gone: [...before].filter((key) => !now.has(key)) };
}

function short(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  const letters = Array.from(line);
  return letters.length <= WORDS_MAX ? line : `${letters.slice(0, WORDS_MAX).join("")}…`;
}
