/** The page when the call was held, the element it would act on outlined and the rest dimmed. Near on the card, whole on request. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { JSX } from "preact";
import { cropAround } from "../picture/crop";
import type { ApprovalView, Rect } from "../protocol/generated/wire";
import { CloseIcon, ExpandIcon } from "./icons";

/** Room between the element and its outline, CSS pixels of the page. */
const MARGIN = 5;

export function ApprovalPicture({ approval }: { approval: ApprovalView }): JSX.Element {
  const large = useRef<HTMLDialogElement>(null);
  const broken = useSignal(false);
  const enlarged = useSignal(false);
  if (approval.picture === null || broken.value) {
    return <p class="no-picture">No picture of the page could be taken.</p>;
  }
  const enlarge = (): void => {
    enlarged.value = true;
    large.current?.showModal();
  };
  const size = approval.picture_size;
  const near = size === null || approval.outline === null ? null : cropAround({ width: size[0], height: size[1] }, approval.outline);
  return (
    <>
      <button type="button" class="shot-button" aria-label="Show the whole picture, large" onClick={enlarge}>
        <Shot approval={approval} part={near} failed={() => (broken.value = true)} />
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
      >
        <header>
          <strong>{approval.summary}</strong>
          <button type="button" class="button quiet icon-only" aria-label="Close the picture" onClick={() => large.current?.close()}>
            <CloseIcon />
          </button>
        </header>
        {enlarged.value && <Shot approval={approval} part={null} failed={() => (broken.value = true)} />}
      </dialog>
    </>
  );
}

interface ShotProps {
  approval: ApprovalView;
  /** The part of the page to show, CSS pixels; `null` shows all of it. */
  part: Rect | null;
  failed: () => void;
}

function Shot({ approval, part, failed }: ShotProps): JSX.Element {
  const size = approval.picture_size;
  const outline = approval.outline;
  const moved =
    part === null || size === null
      ? {}
      : { transform: `scale(${size[0] / part.width}) translate(${(-100 * part.x) / size[0]}%, ${(-100 * part.y) / size[1]}%)` };
  return (
    <span class="shot">
      <span class="shot-whole" style={moved}>
        <img
          src={approval.picture ?? ""}
          width={size?.[0]}
          height={size?.[1]}
          alt={`The page when the step was held: ${approval.summary}`}
          data-testid="approval-picture"
          onError={failed}
        />
        {size !== null && outline !== null && <Outline width={size[0]} height={size[1]} around={outline} />}
      </span>
    </span>
  );
}

function Outline({ width, height, around }: { width: number; height: number; around: Rect }): JSX.Element {
  const box = { x: around.x - MARGIN, y: around.y - MARGIN, width: around.width + 2 * MARGIN, height: around.height + 2 * MARGIN };
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" data-testid="approval-outline">
      <path
        class="shot-dim"
        fill-rule="evenodd"
        d={`M0 0H${width}V${height}H0ZM${box.x} ${box.y}h${box.width}v${box.height}h${-box.width}Z`}
      />
      <rect class="shot-outline" {...box} rx="5" />
    </svg>
  );
}
