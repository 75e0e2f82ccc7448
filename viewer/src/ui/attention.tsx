/** How this person wants to be called when they look elsewhere. */

import type { JSX } from "preact";
import { permission } from "../net/notices";
import { noticesOn, soundOn, toggleNotices, toggleSound } from "../state/attention";
import { BellIcon, SoundIcon } from "./icons";

export function Attention(): JSX.Element {
  const may = permission.value;
  return (
    <div class="attention" role="group" aria-label="Call me">
      <span class="soft small">Call me</span>
      <button type="button" class="button small" aria-pressed={soundOn.value} data-testid="sound" onClick={toggleSound}>
        <SoundIcon />
        Sound
      </button>
      {may !== "unsupported" && (
        <button
          type="button"
          class="button small"
          aria-pressed={noticesOn.value}
          disabled={may === "denied"}
          title={may === "denied" ? "This browser refuses notifications of this address; allow them in its settings" : undefined}
          data-testid="notices"
          onClick={() => void toggleNotices()}
        >
          <BellIcon />
          {may === "denied" ? "Notifications are blocked" : "Notifications"}
        </button>
      )}
    </div>
  );
}
