/** The window's title says how much waits for a person: `(2) Helmwatch`. A plain effect, for it matters most in a window nobody sees, where nothing is painted. */

import { effect } from "@preact/signals";
import { waitingCount } from "./store";

export function keepTitle(): void {
  effect(() => {
    const waiting = waitingCount.value;
    document.title = waiting === 0 ? "Helmwatch" : `(${waiting}) Helmwatch`;
  });
}
