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
import { startClock } from "./state/clock";
import { followRoute, loginCode } from "./state/route";
import { askLogin, logIn } from "./state/store";
import { applyTheme } from "./state/theme";
import { App } from "./ui/app";

async function signIn(): Promise<void> {
  const code = loginCode(window.location.hash);
  if (code === null) return askLogin();
  // The code leaves the address before anything else can go wrong: it must stay in no history and no bookmark.
  window.history.replaceState(null, "", "#/");
  if (await logIn({ code })) return;
  // A used link in a browser that is signed in already is no reason to ask for a key.
  return askLogin();
}

applyTheme();
startClock();
const signingIn = signIn();
followRoute();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void signingIn;
