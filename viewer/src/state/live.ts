/** What one session's page shows, as its live socket tells it. Pure; every list is bounded. */

import type { CallView, ConsoleLine, LiveEvent, SessionView } from "../protocol/generated/wire";

export interface Dialog {
  page: number;
  kind: string;
  message: string;
}

export interface Chooser {
  page: number;
  number: number;
  several: boolean;
}

export interface Live {
  /** `null` until the first message. */
  session: SessionView | null;
  /** Oldest first. */
  calls: readonly CallView[];
  /** Oldest first. */
  console: readonly ConsoleLine[];
  controller: string | null;
  youControl: boolean;
  /** Since when the controller drives, milliseconds since the Unix epoch. */
  since: number | null;
  /** When the wheel goes back to the agent for want of input; `null` while that is not near. */
  leaseEnds: number | null;
  /** A page asks this person for files. */
  chooser: Chooser | null;
  dialog: Dialog | null;
  /** The last message of ours that was refused. */
  refusal: { error: string; hint: string } | null;
  /** Why it ended, when it has. */
  closed: string | null;
}

export const NOTHING_YET: Live = {
  session: null, calls: [], console: [], controller: null, youControl: false, since: null, leaseEnds: null, chooser: null,
  dialog: null, refusal: null, closed: null,
};

const CALLS_MAX = 300;
const CONSOLE_MAX = 300;

export function applied(live: Live, event: LiveEvent): Live {
  switch (event.type) {
    case "state":
      return {
        ...live,
        session: event.session,
        calls: event.calls.slice(-CALLS_MAX),
        controller: event.controller,
        youControl: event.you_control,
        since: event.since,
        leaseEnds: null,
        chooser: null,
        // An open dialog is told again after a full state.
        dialog: null,
        refusal: null,
        closed: null,
      };
    case "session":
      return { ...live, session: event.session };
    case "call":
      return { ...live, calls: withCall(live.calls, event.call) };
    case "console":
      return { ...live, console: [...live.console, event.line].slice(-CONSOLE_MAX) };
    case "approval":
      return live;
    case "dialog":
      return { ...live, dialog: event.kind === null ? null : { page: event.page, kind: event.kind, message: event.message } };
    case "control":
      return { ...live, controller: event.controller, youControl: event.you_control, since: event.since, leaseEnds: null, chooser: null, refusal: null };
    case "lease_ends":
      return { ...live, leaseEnds: event.at };
    case "chooser":
      return { ...live, chooser: event.number === null ? null : { page: event.page, number: event.number, several: event.several } };
    case "copied":
      return live;
    case "refused":
      return { ...live, refusal: { error: event.error, hint: event.hint } };
    case "closed":
      return { ...live, closed: event.reason, youControl: false };
  }
}

function withCall(calls: readonly CallView[], call: CallView): readonly CallView[] {
  const at = calls.findLastIndex((known) => known.number === call.number);
  if (at >= 0) return calls.with(at, call);
  // Calls of one session may begin at the same time: keep them in the order of their numbers.
  const before = calls.findLastIndex((known) => known.number < call.number);
  return calls.toSpliced(before + 1, 0, call).slice(-CALLS_MAX);
}
