/** The window's title and its mark say how much waits for a person: `(2) Helmwatch`, and a spot on the mark. A plain effect, for it matters most in a window nobody sees, where nothing is painted. */

import { effect } from "@preact/signals";
import { waitingCount } from "./store";

export function keepTitle(): void {
  effect(() => {
    const waiting = waitingCount.value;
    document.title = waiting === 0 ? "Helmwatch" : `(${waiting}) Helmwatch`;
    const mark = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    const wanted = waiting === 0 ? "/mark.svg" : "/mark-waiting.svg";
    // Set anew only when it changes: browsers fetch it each time.
    if (mark !== null && mark.getAttribute("href") !== wanted) mark.href = wanted;
  });
}
