/** What a page or the service asks of who drives: files, the answer to a dialog, a sign of life; and text that was copied. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { serviceNow, upload } from "../net/http";
import type { LiveSession } from "../picture/live-session";
import type { GivenFile } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { told } from "../state/store";
import type { Chooser, Dialog } from "../state/live";
import { Notice } from "./parts";

export function Asked({ live, session }: { live: LiveSession; session: string }): JSX.Element {
  const { youControl, dialog, chooser, leaseEnds } = live.live.value;
  return (
    <>
      {dialog !== null && (youControl ? <DialogAnswer key={`${dialog.page}-${dialog.message}`} live={live} dialog={dialog} /> : <DialogTold dialog={dialog} />)}
      {youControl && chooser !== null && <FilePicker key={chooser.number} live={live} session={session} chooser={chooser} />}
      {youControl && leaseEnds !== null && <LeaseWarning live={live} at={leaseEnds} />}
      {live.copied.value !== null && <CopiedText live={live} text={live.copied.value} />}
    </>
  );
}

function DialogTold({ dialog }: { dialog: Dialog }): JSX.Element {
  return (
    <Notice tone="warn" testId="dialog">
      <span>
        <strong>The page shows a dialog ({dialog.kind}):</strong> “<bdi>{dialog.message}</bdi>”. The agent has to answer it.
      </span>
    </Notice>
  );
}

function DialogAnswer({ live, dialog }: { live: LiveSession; dialog: Dialog }): JSX.Element {
  const text = useSignal("");
  const answer = (accept: boolean): void => {
    live.send({ type: "answer_dialog", page: dialog.page, accept, text: dialog.kind === "prompt" && accept ? text.value : null });
  };
  return (
    <Notice tone="warn" testId="dialog">
      <span>
        <strong>The page asks ({dialog.kind}):</strong> “<bdi>{dialog.message}</bdi>”
      </span>
      <span class="asked-deeds">
        {dialog.kind === "prompt" && (
          <input aria-label="Your answer" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        )}
        <button type="button" class="button small primary" data-testid="dialog-accept" onClick={() => answer(true)}>
          OK
        </button>
        {dialog.kind !== "alert" && (
          <button type="button" class="button small" data-testid="dialog-dismiss" onClick={() => answer(false)}>
            Cancel
          </button>
        )}
      </span>
    </Notice>
  );
}

function FilePicker({ live, session, chooser }: { live: LiveSession; session: string; chooser: Chooser }): JSX.Element {
  const busy = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const choose = (files: string[]): void => {
    live.send({ type: "choose", page: chooser.page, number: chooser.number, files });
  };
  const give = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    trouble.value = null;
    try {
      const given: string[] = [];
      for (const file of files) {
        busy.value = file.name;
        given.push(((await upload(`/v1/sessions/${session}/given?name=${encodeURIComponent(file.name)}`, file)) as GivenFile).file);
      }
      choose(given);
    } catch (error) {
      const { error: what, hint } = told(error);
      trouble.value = `${what} ${hint}`;
    }
    busy.value = null;
  };
  return (
    <Notice tone="warn" testId="chooser">
      <span>
        <strong>The page asks for {chooser.several ? "files" : "a file"}.</strong>{" "}
        {trouble.value ?? (busy.value === null ? "Only the page gets what you choose, not the agent." : "")}
        {busy.value !== null && (
          <>
            Sending <bdi>{busy.value}</bdi>…
          </>
        )}
      </span>
      <span class="asked-deeds">
        <input
          ref={input}
          type="file"
          class="unseen"
          tabIndex={-1}
          multiple={chooser.several}
          aria-label="Files for the page"
          data-testid="chooser-input"
          onChange={(event) => void give([...(event.currentTarget.files ?? [])])}
        />
        <button type="button" class="button small primary" disabled={busy.value !== null} onClick={() => input.current?.click()}>
          Choose
        </button>
        <button type="button" class="button small" data-testid="chooser-cancel" disabled={busy.value !== null} onClick={() => choose([])}>
          Cancel
        </button>
      </span>
    </Notice>
  );
}

function LeaseWarning({ live, at }: { live: LiveSession; at: number }): JSX.Element {
  // What ticks is this machine's clock; the time was told by the service's.
  const seconds = Math.max(0, Math.ceil((at - (serviceNow() - Date.now()) - now.value) / 1000));
  return (
    <Notice tone="warn" testId="lease-ends">
      <span>You have done nothing for a while: the wheel goes back to the agent in {seconds} s.</span>
      <button type="button" class="button small attention" onClick={() => void live.send({ type: "keep_control" })}>
        Keep driving
      </button>
    </Notice>
  );
}

/** The clipboard may be closed to this page (no secure address): then the text stands here to be taken by hand. */
function CopiedText({ live, text }: { live: LiveSession; text: string }): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.select(), [text]);
  return (
    <Notice tone="calm" testId="copied">
      <span>
        This address may not write to your clipboard. Copy it here:{" "}
        <textarea ref={field} readOnly rows={1} aria-label="Copied text" value={text} />
      </span>
      <button type="button" class="button small" onClick={() => (live.copied.value = null)}>
        Done
      </button>
    </Notice>
  );
}
