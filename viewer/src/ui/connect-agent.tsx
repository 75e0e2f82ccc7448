/** Nobody is here yet: how to bring an agent. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { HelmIcon } from "./icons";
import { CopyButton } from "./parts";

interface Client {
  name: string;
  /** Where the text goes. */
  where: string;
  text: (url: string) => string;
}

const CLIENTS: readonly Client[] = [
  {
    name: "Claude Code",
    where: "In a terminal",
    text: (url) => `claude mcp add --transport http helmwatch ${url} --header "Authorization: Bearer YOUR_KEY"`,
  },
  {
    name: "Codex",
    where: "~/.codex/config.toml, with the key in HELMWATCH_KEY",
    text: (url) => `[mcp_servers.helmwatch]\nurl = "${url}"\nbearer_token_env_var = "HELMWATCH_KEY"`,
  },
  {
    name: "Cursor",
    where: ".cursor/mcp.json",
    text: (url) => JSON.stringify({ mcpServers: { helmwatch: { url, headers: { Authorization: "Bearer YOUR_KEY" } } } }, null, 2),
  },
  {
    name: "VS Code",
    where: ".vscode/mcp.json",
    text: (url) => JSON.stringify({ servers: { helmwatch: { type: "http", url, headers: { Authorization: "Bearer YOUR_KEY" } } } }, null, 2),
  },
];

export function ConnectAgent(): JSX.Element {
  const chosen = useSignal("Claude Code");
  const url = `${window.location.origin}/mcp`;
  return (
    <section class="empty" data-testid="empty" aria-labelledby="empty-heading">
      <div class="empty-mark">
        <HelmIcon />
      </div>
      <h1 id="empty-heading">No sessions yet</h1>
      <p class="soft">Connect an agent, and every page it opens appears here, live.</p>
      <div class="empty-how">
        <Snippet title="MCP address" text={url} testId="mcp-url" />
        <div class="switch" role="group" aria-label="Client">
          {CLIENTS.map(({ name }) => (
            <button key={name} type="button" aria-pressed={chosen.value === name} onClick={() => (chosen.value = name)}>
              {name}
            </button>
          ))}
        </div>
        {CLIENTS.filter(({ name }) => name === chosen.value).map(({ name, where, text }) => (
          <Snippet key={name} title={where} text={text(url)} testId="client-config" />
        ))}
      </div>
      <p class="hint">
        Make a key with the scope <code>agent</code>: <code>helmwatch keys create</code>. It can drive, and never approve.
      </p>
    </section>
  );
}

function Snippet({ title, text, testId }: { title: string; text: string; testId: string }): JSX.Element {
  return (
    <div class="snippet">
      <div class="snippet-head">
        <span>{title}</span>
        <CopyButton text={text} label={`Copy: ${title}`} />
      </div>
      <pre data-testid={testId}>{text}</pre>
    </div>
  );
}
