/** Sharing a session: links that others open without a key, and their end. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { now } from "../state/clock";
import { fetchLinks, makeLink, revokeLink, TIMES } from "../state/links";
import { may, told } from "../state/store";
import { count, span } from "../state/words";
import type { LinkAccess, LinkMade, LinkState, LinkView, SessionView } from "../protocol/generated/wire";
import { CloseIcon, EyeIcon, HandIcon, LinkIcon } from "./icons";
import { CopyButton, Notice } from "./parts";

const ENDED: Record<LinkState, string> = {
  good: "",
  expired: "Expired",
  revoked: "Revoked",
  maker_gone: "Its maker's key is gone",
};

export function ShareButton({ session }: { session: SessionView }): JSX.Element {
  const open = useSignal(false);
  return (
    <>
      <button type="button" class="button small" aria-haspopup="dialog" data-testid="share" onClick={() => (open.value = true)}>
        <LinkIcon />
        <span>Share</span>
      </button>
      {open.value && <ShareDialog session={session} onClose={() => (open.value = false)} />}
    </>
  );
}

function ShareDialog({ session, onClose }: { session: SessionView; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const links = useSignal<readonly LinkView[] | null>(null);
  const made = useSignal<LinkMade | null>(null);
  const trouble = useSignal<string | null>(null);

  const attempt = async (doing: () => Promise<void>): Promise<void> => {
    try {
      await doing();
      trouble.value = null;
    } catch (error) {
      const { error: what, hint } = told(error);
      trouble.value = `${what} ${hint}`;
    }
  };
  const refresh = (): Promise<void> =>
    attempt(async () => {
      links.value = await fetchLinks(session.id);
    });

  useEffect(() => dialog.current?.showModal(), []);
  // Who comes and goes changes what the list says.
  useEffect(() => void refresh(), [session.id, session.viewers]);

  const revoke = (link: LinkView): Promise<void> =>
    attempt(async () => {
      await revokeLink(link.id);
      if (made.value?.link.id === link.id) made.value = null;
      links.value = await fetchLinks(session.id);
    });
  const make = (access: LinkAccess, seconds: number, name: string): Promise<void> =>
    attempt(async () => {
      made.value = await makeLink(session.id, { access, ttl_s: seconds, name: name === "" ? null : name });
      links.value = await fetchLinks(session.id);
    });

  return (
    <dialog ref={dialog} class="share" aria-labelledby="share-heading" data-testid="share-dialog" onClose={onClose} onClick={(event) => event.target === event.currentTarget && dialog.current?.close()}>
      <div class="share-inner">
        <header class="share-head">
          <h2 id="share-heading">Share {session.name}</h2>
          <button type="button" class="button quiet icon-only" aria-label="Close" onClick={() => dialog.current?.close()}>
            <CloseIcon />
          </button>
        </header>
        <p class="soft small">Whoever has the link sees this session and nothing else, without a key. They never see or decide approvals.</p>
        {trouble.value !== null && (
          <Notice tone="bad" testId="share-trouble">
            {trouble.value}
          </Notice>
        )}
        <NewLink onMake={make} />
        {made.value !== null && <Fresh made={made.value} />}
        <LinkRows links={links.value} onRevoke={(link) => void revoke(link)} />
      </div>
    </dialog>
  );
}

function NewLink({ onMake }: { onMake: (access: LinkAccess, seconds: number, name: string) => Promise<void> }): JSX.Element {
  const access = useSignal<LinkAccess>("view");
  const seconds = useSignal(60 * 60);
  const name = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    await onMake(access.value, seconds.value, name.value.trim());
    busy.value = false;
  };
  return (
    <form class="share-form" onSubmit={(event) => void submit(event)}>
      <div class="share-kinds" role="radiogroup" aria-label="What they may do">
        <Kind value="view" chosen={access.value} words="Read-only" more="Look, nothing else" icon={<EyeIcon />} onChoose={(value) => (access.value = value)} />
        <Kind
          value="control"
          chosen={access.value}
          words="Control"
          more={may("control") ? "Look and take the wheel" : "Your key may not drive"}
          icon={<HandIcon />}
          disabled={!may("control")}
          onChoose={(value) => (access.value = value)}
        />
      </div>
      <div class="share-row">
        <label class="field">
          <span>For whom</span>
          <input type="text" maxLength={60} placeholder="guest" autocomplete="off" data-testid="share-name" value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Good for</span>
          <select data-testid="share-time" value={String(seconds.value)} onChange={(event) => (seconds.value = Number(event.currentTarget.value))}>
            {TIMES.map((time) => (
              <option key={time.seconds} value={String(time.seconds)}>
                {time.words}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button primary" data-testid="share-make" disabled={busy.value}>
          Make link
        </button>
      </div>
    </form>
  );
}

interface KindProps {
  value: LinkAccess;
  chosen: LinkAccess;
  words: string;
  more: string;
  icon: JSX.Element;
  disabled?: boolean;
  onChoose: (value: LinkAccess) => void;
}

function Kind({ value, chosen, words, more, icon, disabled = false, onChoose }: KindProps): JSX.Element {
  return (
    <label class={`share-kind${value === chosen ? " chosen" : ""}${disabled ? " off" : ""}`}>
      <input type="radio" name="access" value={value} checked={value === chosen} disabled={disabled} data-testid={`share-${value}`} onChange={() => onChoose(value)} />
      {icon}
      <span>
        <strong>{words}</strong>
        <span class="soft small">{more}</span>
      </span>
    </label>
  );
}

/** The one time the address is shown. */
function Fresh({ made }: { made: LinkMade }): JSX.Element {
  return (
    <div class="share-fresh" role="status" data-testid="share-fresh">
      <p class="small">
        <strong>Copy it now:</strong> the address is not shown again.
      </p>
      <Address url={made.url} label="Link" />
      {made.embed_url !== null && <Address url={made.embed_url} label="For a frame" />}
    </div>
  );
}

function Address({ url, label }: { url: string; label: string }): JSX.Element {
  return (
    <div class="share-address">
      <label class="field">
        <span>{label}</span>
        <input type="text" readOnly value={url} data-testid="share-url" onFocus={(event) => event.currentTarget.select()} />
      </label>
      <CopyButton text={url} label={`Copy: ${label}`} />
    </div>
  );
}

function LinkRows({ links, onRevoke }: { links: readonly LinkView[] | null; onRevoke: (link: LinkView) => void }): JSX.Element {
  if (links === null) return <p class="soft small" role="status">Looking for links…</p>;
  if (links.length === 0) return <p class="nothing">No link yet.</p>;
  return (
    <ul class="share-links" aria-label="Links of this session">
      {links.map((link) => (
        <li key={link.id} class={`share-link${link.state === "good" ? "" : " ended"}`} data-testid="share-link" data-state={link.state}>
          {link.access === "control" ? <HandIcon /> : <EyeIcon />}
          <span class="share-link-body">
            <span class="share-link-name">
              {link.name} <span class="soft">· {link.access === "control" ? "control" : "read-only"}</span>
            </span>
            <span class="soft small">{facts(link)}</span>
          </span>
          {link.state === "good" && (
            <button type="button" class="button small deny" data-testid="share-revoke" aria-label={`Revoke the link for ${link.name}`} onClick={() => onRevoke(link)}>
              Revoke
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function facts(link: LinkView): string {
  if (link.state !== "good") return `${ENDED[link.state]} · made by ${link.made_by}`;
  const left = span(link.expires_at - now.value);
  const looking = link.viewers > 0 ? `${count(link.viewers, "page")} looking` : link.used_at === null ? "not opened yet" : "nobody looking";
  return `${left} left · ${looking} · made by ${link.made_by}`;
}
