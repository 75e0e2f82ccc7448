/** A second hand for everything that counts up or down. */

import { signal } from "@preact/signals";
import { serviceNow } from "../net/http";

/** The service's time, milliseconds since the Unix epoch, moved once a second. */
export const now = signal(serviceNow());

export function startClock(): void {
  window.setInterval(() => {
    now.value = serviceNow();
  }, 1000);
}
