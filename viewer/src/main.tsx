/** Starts the page: theme, clock, route, then who is looking. */

import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/grid.css";
import "./styles/session.css";
import "./styles/approval.css";
import "./styles/pool.css";

import { render } from "preact";
import { watchCalls } from "./state/attention";
import { startClock } from "./state/clock";
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
void signIn(takenCode());
// A link opened in a tab that shows this page already only changes the fragment.
window.addEventListener("hashchange", () => {
  const code = takenCode();
  if (code !== null) void signIn(code);
});
followRoute();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
