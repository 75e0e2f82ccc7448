/** Which page. */

import type { JSX } from "preact";
import { guest } from "../state/guest";
import { route } from "../state/route";
import { login } from "../state/store";
import { CardPage } from "./card-page";
import { Grid } from "./grid";
import { GuestPage } from "./guest";
import { Login } from "./login";
import { Pool } from "./pool";
import { SessionPage } from "./session";
import { Shell } from "./shell";

export function App(): JSX.Element {
  if (guest.value !== null) return <GuestPage />;
  if (login.value === undefined) return <div class="starting" role="status" aria-label="Starting" />;
  if (login.value === null) return <Login />;
  return <Shell>{page()}</Shell>;
}

function page(): JSX.Element {
  const here = route.value;
  switch (here.page) {
    case "grid":
      return <Grid />;
    case "session":
      // Keyed: another session is another page, with its own socket.
      return <SessionPage key={here.id} id={here.id} />;
    case "approval":
      return <CardPage key={here.id} id={here.id} />;
    case "pool":
      return <Pool />;
  }
}
