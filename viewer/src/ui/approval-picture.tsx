/** The page when the call was held, the element it would act on outlined and the rest dimmed; larger on request. */

import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ApprovalView } from "../protocol/generated/wire";
import { CloseIcon, ExpandIcon } from "./icons";

/** Room around the element, CSS pixels of the page. */
const MARGIN = 5;

export function ApprovalPicture({ approval }: { approval: ApprovalView }): JSX.Element {
  const large = useRef<HTMLDialogElement>(null);
  const broken = useSignal(false);
  const enlarged = useSignal(false);
  if (approval.picture === null || broken.value) {
    return <p class="no-picture">No picture of the page could be taken.</p>;
  }
  const shot = (): JSX.Element => <Shot approval={approval} failed={() => (broken.value = true)} />;
  const enlarge = (): void => {
    enlarged.value = true;
    large.current?.showModal();
  };
  return (
    <>
      <button type="button" class="shot-button" aria-label="Show the picture large" onClick={enlarge}>
        {shot()}
        <span class="shot-expand" aria-hidden="true">
          <ExpandIcon />
        </span>
      </button>
      <dialog
        ref={large}
        class="large-shot"
        aria-label={approval.summary}
        onClose={() => (enlarged.value = false)}
        onClick={(event) => {
          if (event.target === event.currentTarget) event.currentTarget.close();
        }}
        // Escape closes the picture, not the inbox under it.
        onKeyDown={(event) => event.stopPropagation()}
      >
        <div class="large-shot-body">
          <header>
            <strong>{approval.summary}</strong>
            <button type="button" class="button quiet icon-only" aria-label="Close the picture" onClick={() => large.current?.close()}>
              <CloseIcon />
            </button>
          </header>
          {enlarged.value && shot()}
        </div>
      </dialog>
    </>
  );
}

function Shot({ approval, failed }: { approval: ApprovalView; failed: () => void }): JSX.Element {
  const size = approval.picture_size;
  const outline = approval.outline;
  return (
    <span class="shot">
      <img src={approval.picture ?? ""} alt={`The page when the step was held: ${approval.summary}`} data-testid="approval-picture" onError={failed} />
      {size !== null && outline !== null && (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} preserveAspectRatio="none" aria-hidden="true" data-testid="approval-outline">
          <path
            class="shot-dim"
            fill-rule="evenodd"
            d={`M0 0H${size[0]}V${size[1]}H0Z M${outline.x - MARGIN} ${outline.y - MARGIN}h${outline.width + 2 * MARGIN}v${outline.height + 2 * MARGIN}h${-(outline.width + 2 * MARGIN)}Z`}
          />
          <rect
            class="shot-outline"
            x={outline.x - MARGIN}
            y={outline.y - MARGIN}
            width={outline.width + 2 * MARGIN}
            height={outline.height + 2 * MARGIN}
            rx="6"
          />
        </svg>
      )}
    </span>
  );
}
