/** The fields of a held call that a person may change before they say yes to it. */

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import type { EditField } from "../protocol/generated/wire";
import { before, type Draft, keyOf, type Written } from "../state/edit";

/** Longer than this, or of several lines, a text gets room for them. */
const LINE_CHARS_MAX = 60;

export interface ApprovalEditProps {
  fields: readonly EditField[];
  draft: Signal<Draft>;
  /** Set apart from those of other cards. */
  id: string;
}

export function ApprovalEdit({ fields, draft, id }: ApprovalEditProps): JSX.Element {
  const write = (field: EditField, written: Written): void => {
    draft.value = new Map(draft.value).set(keyOf(field), written);
  };
  return (
    <fieldset class="card-edit" data-testid="edit-fields">
      <legend>What runs instead</legend>
      {fields.map((field, at) => {
        const inputId = `edit-${id}-${at}`;
        const written = draft.value.get(keyOf(field)) ?? before(field);
        return (
          <div key={keyOf(field)} class={field.kind === "flag" ? "edit-flag" : "edit-line"}>
            <label for={inputId}>{field.label}</label>
            <Input id={inputId} field={field} written={written} write={(next) => write(field, next)} first={at === 0} />
          </div>
        );
      })}
    </fieldset>
  );
}

interface InputProps {
  id: string;
  field: EditField;
  written: Written;
  write: (written: Written) => void;
  first: boolean;
}

function Input({ id, field, written, write, first }: InputProps): JSX.Element {
  if (field.kind === "flag") {
    return <input id={id} type="checkbox" checked={written === true} onChange={(event) => write(event.currentTarget.checked)} />;
  }
  const text = String(written);
  const given = String(field.value ?? "");
  // Focus belongs where the person is about to write; the card put itself under their hands when they asked to change it.
  const focus = (element: HTMLInputElement | HTMLTextAreaElement | null): void => {
    if (first && element !== null && element.dataset["focused"] !== "true") {
      element.dataset["focused"] = "true";
      element.focus();
    }
  };
  if (!field.secret && (given.length > LINE_CHARS_MAX || given.includes("\n"))) {
    return <textarea id={id} ref={focus} rows={4} value={text} onInput={(event) => write(event.currentTarget.value)} />;
  }
  const shared = { id, ref: focus, spellcheck: false, value: text, onInput: (event: { currentTarget: HTMLInputElement }) => write(event.currentTarget.value) };
  if (field.secret) return <input {...shared} type="password" autocomplete="new-password" placeholder="As it is (secret)" />;
  return <input {...shared} type="text" inputMode={field.kind === "number" ? "decimal" : "text"} autocomplete="off" />;
}
