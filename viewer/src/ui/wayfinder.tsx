/** The address bar while a person drives: where the tab goes, and back and forth in it. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { LiveSession } from "../picture/live-session";
import type { Step } from "../protocol/generated/wire";
import { BackIcon, NextIcon, ReloadIcon } from "./icons";

const STEPS: readonly { step: Step; name: string; icon: () => JSX.Element }[] = [
  { step: "back", name: "Back", icon: BackIcon },
  { step: "forward", name: "Forward", icon: NextIcon },
  { step: "reload", name: "Load again", icon: ReloadIcon },
];

export function Wayfinder({ live, url }: { live: LiveSession; url: string }): JSX.Element {
  /** What the person types; `null` shows where the tab is. */
  const typed = useSignal<string | null>(null);
  return (
    <form
      class="address wayfinder"
      data-testid="address"
      onSubmit={(event) => {
        event.preventDefault();
        const to = (typed.value ?? url).trim();
        if (to !== "") live.send({ type: "go", url: to });
        typed.value = null;
      }}
    >
      {STEPS.map(({ step, name, icon: Icon }) => (
        <button key={step} type="button" class="button quiet icon-only" aria-label={name} title={name} onClick={() => void live.send({ type: "walk", step })}>
          <Icon />
        </button>
      ))}
      <input
        class="wayfinder-input"
        type="text"
        inputMode="url"
        aria-label="Address of the tab"
        autocomplete="off"
        spellcheck={false}
        data-testid="address-input"
        value={typed.value ?? url}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onBlur={() => (typed.value = null)}
      />
    </form>
  );
}
