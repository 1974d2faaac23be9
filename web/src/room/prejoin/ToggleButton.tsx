import type { ReactElement, ReactNode } from 'react';

interface Props {
  readonly id: string;
  readonly on: boolean;
  readonly label: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** A round switch on the preview. */
export function ToggleButton({ id, on, label, onClick, children }: Props): ReactElement {
  return (
    <button
      type="button"
      className="icon-button"
      data-look={on ? 'glass' : 'off'}
      data-control={id}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
