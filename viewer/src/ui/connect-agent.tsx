/** Nobody is here yet: how to bring an agent. */

import type { JSX } from "preact";
import { HelmIcon } from "./icons";
import { CopyButton } from "./parts";

export function ConnectAgent(): JSX.Element {
  const url = `${window.location.origin}/mcp`;
  const claude = `claude mcp add --transport http helmwatch ${url} --header "Authorization: Bearer YOUR_KEY"`;
  const json = JSON.stringify({ mcpServers: { helmwatch: { url, headers: { Authorization: "Bearer YOUR_KEY" } } } }, null, 2);
  return (
    <section class="empty" data-testid="empty" aria-labelledby="empty-heading">
      <div class="empty-mark">
        <HelmIcon />
      </div>
      <h1 id="empty-heading">No sessions yet</h1>
      <p class="soft">Connect an agent, and every page it opens appears here, live.</p>
      <div class="empty-how">
        <Snippet title="MCP address" text={url} testId="mcp-url" />
        <Snippet title="Claude Code" text={claude} />
        <Snippet title="Cursor, VS Code and others" text={json} />
      </div>
      <p class="hint">
        A key for agents: <code>helmwatch keys create</code>. It can drive, and never approve.
      </p>
    </section>
  );
}

function Snippet({ title, text, testId }: { title: string; text: string; testId?: string }): JSX.Element {
  return (
    <div class="snippet">
      <div class="snippet-head">
        <span>{title}</span>
        <CopyButton text={text} label={`Copy: ${title}`} />
      </div>
      <pre tabIndex={0} data-testid={testId}>
        {text}
      </pre>
    </div>
  );
}
