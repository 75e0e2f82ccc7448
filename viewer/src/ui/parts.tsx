/** Small pieces used all over. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { SessionState, SessionView } from "../protocol/generated/wire";
import { needsPerson } from "../state/feed";
import { may } from "../state/store";
import { addressParts } from "../state/words";
import { CheckIcon, CopyIcon, LockIcon } from "./icons";

const STATE_WORDS: Record<SessionState, string> = {
  idle: "Idle",
  busy: "Working",
  waiting: "Waits for you",
  held: "A person drives",
  crashed: "Crashed",
  closed: "Closed",
};

export function StatePill({ session }: { session: SessionView }): JSX.Element {
  const state: SessionState = needsPerson(session) && session.state !== "crashed" && session.state !== "closed" ? "waiting" : session.state;
  return (
    <span class={`pill pill-${state}`} data-testid="session-state" data-state={session.state}>
      <span class="dot" aria-hidden="true" />
      {state === "waiting" && !may("approve") ? "Waits for a person" : STATE_WORDS[state]}
    </span>
  );
}

/** An address with its host standing out, as text only. */
export function AddressText({ url }: { url: string }): JSX.Element {
  const { before, host, after } = addressParts(url);
  return (
    <span class="address-text" title={url}>
      {before !== "" && <span class="faint">{before}</span>}
      {host !== "" && <span class="address-host">{host}</span>}
      <span class="faint">{after}</span>
    </span>
  );
}

export function AddressBar({ url }: { url: string }): JSX.Element {
  return (
    <div class="address" data-testid="address">
      {url.startsWith("https:") && <LockIcon />}
      <AddressText url={url} />
    </div>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = true;
      window.setTimeout(() => (copied.value = false), 2000);
    } catch {
      // Refused outside a secure address; the text stands beside the button and can be selected.
    }
  };
  return (
    <button type="button" class="button quiet small" onClick={() => void copy()} aria-label={copied.value ? "Copied" : label}>
      {copied.value ? <CheckIcon /> : <CopyIcon />}
      <span aria-hidden="true">{copied.value ? "Copied" : "Copy"}</span>
    </button>
  );
}

export function Notice({ tone, children, testId }: { tone: "bad" | "warn" | "calm"; children: preact.ComponentChildren; testId?: string }): JSX.Element {
  return (
    <div class={`notice notice-${tone}`} role={tone === "bad" ? "alert" : "status"} data-testid={testId}>
      {children}
    </div>
  );
}
