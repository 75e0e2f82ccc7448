/** The few drawings, as strokes on a 24-grid. All are decoration: what they mean stands beside them as text or a name. */

import type { ComponentChildren, JSX } from "preact";

function icon(children: ComponentChildren): () => JSX.Element {
  return () => (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const HelmIcon = icon(
  <>
    <circle cx="12" cy="12" r="5.5" />
    <circle cx="12" cy="12" r="1.6" />
    <path d="M12 2.5v4M12 17.5v4M2.5 12h4M17.5 12h4M5.3 5.3l2.8 2.8M15.9 15.9l2.8 2.8M18.7 5.3l-2.8 2.8M8.1 15.9l-2.8 2.8" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2.8v2M12 19.2v2M2.8 12h2M19.2 12h2M5.5 5.5l1.4 1.4M17.1 17.1l1.4 1.4M18.5 5.5l-1.4 1.4M6.9 17.1l-1.4 1.4" />
  </>,
);
export const MoonIcon = icon(<path d="M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2Z" />);
export const InboxIcon = icon(<path d="M4 13.5 6.4 5.8A1.8 1.8 0 0 1 8.1 4.5h7.8a1.8 1.8 0 0 1 1.7 1.3L20 13.5v4.2a1.8 1.8 0 0 1-1.8 1.8H5.8A1.8 1.8 0 0 1 4 17.7v-4.2Zm0 0h4.4a3.6 3.6 0 0 0 7.2 0H20" />);
export const CloseIcon = icon(<path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />);
export const BackIcon = icon(<path d="M14.5 5.5 8 12l6.5 6.5" />);
export const CopyIcon = icon(
  <>
    <rect x="9" y="9" width="10.5" height="10.5" rx="2" />
    <path d="M15 9V6.5a2 2 0 0 0-2-2H6.5a2 2 0 0 0-2 2V13a2 2 0 0 0 2 2H9" />
  </>,
);
export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7.5" />);
export const HandIcon = icon(<path d="M8 12.5V6.2a1.5 1.5 0 0 1 3 0v5m0-.7V4.9a1.5 1.5 0 0 1 3 0v6m0-4.2a1.5 1.5 0 0 1 3 0v7.8c0 3.6-2.4 6.2-6 6.2-2.6 0-4.1-1-5.3-3l-2.4-4.1a1.5 1.5 0 0 1 2.5-1.6L8 14" />);
export const EyeIcon = icon(
  <>
    <path d="M2.8 12S6.2 5.8 12 5.8 21.2 12 21.2 12 17.8 18.2 12 18.2 2.8 12 2.8 12Z" />
    <circle cx="12" cy="12" r="2.7" />
  </>,
);
export const ExitIcon = icon(<path d="M14 4.5H7.5a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2H14M11 12h9m0 0-3.2-3.2M20 12l-3.2 3.2" />);
export const ExpandIcon = icon(<path d="M14 4.5h5.5V10M19.5 4.5 13 11M10 19.5H4.5V14M4.5 19.5 11 13" />);
export const LinkIcon = icon(<path d="M10.2 13.8a3.6 3.6 0 0 0 5.1 0l3.2-3.2a3.6 3.6 0 0 0-5.1-5.1l-1 1M13.8 10.2a3.6 3.6 0 0 0-5.1 0l-3.2 3.2a3.6 3.6 0 0 0 5.1 5.1l1-1" />);
export const PopupIcon = icon(<path d="M9 5H6.5a2 2 0 0 0-2 2v10.5a2 2 0 0 0 2 2H17a2 2 0 0 0 2-2V15M13 4.5h6.5V11M19 5l-8.5 8.5" />);
export const NextIcon = icon(<path d="M9.5 5.5 16 12l-6.5 6.5" />);
export const ReloadIcon = icon(<path d="M19 12a7 7 0 1 1-2.1-5M19 4v4h-4" />);
export const LockIcon = icon(
  <>
    <rect x="5" y="10.5" width="14" height="9" rx="2" />
    <path d="M8.2 10.5V7.8a3.8 3.8 0 0 1 7.6 0v2.7" />
  </>,
);
export const BellIcon = icon(<path d="M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5l1.5-1.5ZM10 20.5h4" />);
export const SoundIcon = icon(<path d="M4.5 9.8v4.4h3.2l4.3 3.6V6.2L7.7 9.8H4.5ZM15.3 9a4.2 4.2 0 0 1 0 6M17.8 6.5a7.8 7.8 0 0 1 0 11" />);
