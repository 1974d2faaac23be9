import * as Tooltip from '@radix-ui/react-tooltip';
import type { ReactElement, ReactNode, Ref } from 'react';

export interface IconButtonProps {
  /** What a press does; the icon's only words. */
  readonly label: string;
  /** The key that does the same. */
  readonly shortcut?: string;
  readonly look?: 'plain' | 'round' | 'off' | 'on' | 'danger' | 'mark';
  readonly id: string;
  /** For buttons that open something. */
  readonly expanded?: boolean;
  readonly badge?: number;
  readonly disabled?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** An icon to press, with its words in a tooltip and for screen readers. */
export function IconButton(props: IconButtonProps): ReactElement {
  const {
    label,
    shortcut,
    look = 'round',
    id,
    expanded,
    badge = 0,
    disabled,
    ref,
    onClick,
    children,
  } = props;
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          className="icon-button"
          data-look={look}
          data-control={id}
          aria-label={label}
          aria-expanded={expanded}
          aria-keyshortcuts={shortcut}
          disabled={disabled}
          ref={ref}
          onClick={onClick}
        >
          {children}
          {badge > 0 && (
            <span className="badge" aria-hidden="true">
              {badge > 99 ? '99+' : badge}
            </span>
          )}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={8} collisionPadding={8}>
          {label}
          {shortcut !== undefined && <kbd>{shortcut}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
