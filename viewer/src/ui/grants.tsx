/** What people let through without being asked each time, and the button that ends it. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { GrantView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { sessionLink } from "../state/route";
import { inboxOpen, may, revokeGrant } from "../state/store";
import { timeLeft } from "../state/words";
import { Notice } from "./parts";

export function GrantList({ grants, named = false }: { grants: readonly GrantView[]; named?: boolean }): JSX.Element | null {
  if (grants.length === 0) return null;
  return (
    <section class="grants" aria-label="Let through without asking" data-testid="grants">
      <h3>Let through without asking</h3>
      <ul>
        {grants.map((grant) => (
          <GrantRow key={grant.id} grant={grant} named={named} />
        ))}
      </ul>
    </section>
  );
}

function GrantRow({ grant, named }: { grant: GrantView; named: boolean }): JSX.Element {
  const sending = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const revoke = async (): Promise<void> => {
    sending.value = true;
    trouble.value = await revokeGrant(grant.id);
    sending.value = false;
  };
  return (
    <li data-testid="grant" data-grant={grant.id}>
      <div class="grant-words">
        <span>
          <span class="rule-name">{grant.rule}</span>
          {named && (
            <>
              {" in "}
              <a href={sessionLink(grant.session)} onClick={() => (inboxOpen.value = false)}>
                {grant.session_name}
              </a>
            </>
          )}
        </span>
        <span class="soft small">
          {timeLeft(grant.expires_at - now.value)} left · {grant.uses} of {grant.uses_max} used · by {grant.by}
        </span>
      </div>
      {may("approve") && (
        <button type="button" class="button small deny" data-testid="revoke" disabled={sending.value} aria-label={`Revoke: ask about ${grant.rule} again`} onClick={() => void revoke()}>
          Revoke
        </button>
      )}
      {trouble.value !== null && <Notice tone="bad">{trouble.value}</Notice>}
    </li>
  );
}
