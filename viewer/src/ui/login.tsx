/** Who are you? One field. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { logIn, loginRefusal } from "../state/store";
import { HelmIcon } from "./icons";
import { Notice } from "./parts";

export function Login(): JSX.Element {
  const key = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.value || key.value.trim() === "") return;
    busy.value = true;
    if (await logIn({ key: key.value.trim() })) key.value = "";
    busy.value = false;
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={(event) => void submit(event)}>
        <div class="login-mark">
          <HelmIcon />
        </div>
        <h1>Helmwatch</h1>
        <p class="soft">Agents at the helm, people on watch.</p>
        {loginRefusal.value !== null && (
          <Notice tone="bad" testId="login-error">
            <strong>{loginRefusal.value.error}</strong> {loginRefusal.value.hint}
          </Notice>
        )}
        <label class="field">
          <span>Your key</span>
          <input
            data-testid="login-key"
            type="password"
            name="key"
            autocomplete="current-password"
            autocapitalize="off"
            spellcheck={false}
            autofocus
            required
            value={key.value}
            onInput={(event) => (key.value = event.currentTarget.value)}
          />
        </label>
        <button class="button primary wide" type="submit" data-testid="login-submit" disabled={busy.value || key.value.trim() === ""}>
          {busy.value ? "Signing in…" : "Sign in"}
        </button>
        <p class="hint">
          The service prints a sign-in link when it starts. Keys are made with <code>helmwatch keys create</code>; this page needs one
          that may <em>view</em>.
        </p>
      </form>
    </main>
  );
}
