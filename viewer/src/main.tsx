/** Starts the page: theme, clock, route, then who is looking. */

import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/grid.css";
import "./styles/session.css";
import "./styles/approval.css";
import "./styles/pool.css";
import "./styles/share.css";
import "./styles/guest.css";

import { render } from "preact";
import { linkInHash, takePass } from "./net/pass";
import { watchCalls } from "./state/attention";
import { startClock } from "./state/clock";
import { askGuest, embedded, noLink } from "./state/guest";
import { followRoute, loginCode } from "./state/route";
import { askLogin, logIn } from "./state/store";
import { applyTheme } from "./state/theme";
import { keepTitle } from "./state/title";
import { App } from "./ui/app";

/** Takes the code out of the address before anything can go wrong: it must stay in no history and no bookmark. */
function takenCode(): string | null {
  const code = loginCode(window.location.hash);
  if (code !== null) window.history.replaceState(null, "", "#/");
  return code;
}

async function signIn(code: string | null): Promise<void> {
  if (code !== null && (await logIn({ code }))) return;
  // Also after a used link: in a browser that is signed in already it is no reason to ask for a key.
  await askLogin();
}

applyTheme();
keepTitle();
watchCalls();
startClock();

/** A link first, and in a frame nothing else: what a login may do must not stand in another page. */
function enter(): void {
  if (takePass() !== null) void askGuest();
  else if (embedded) noLink();
  else void signIn(takenCode());
}

enter();
// A link opened in a tab that shows this page already only changes the fragment.
window.addEventListener("hashchange", () => {
  if (linkInHash(window.location.hash) !== null) {
    // Another link is another page: nothing of the one before stays.
    window.location.reload();
    return;
  }
  const code = embedded ? null : takenCode();
  if (code !== null) void signIn(code);
});
followRoute();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
