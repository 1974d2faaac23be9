import * as Dialog from '@radix-ui/react-dialog';
import { X } from 'lucide-react';
import type { ReactElement, ReactNode, RefObject } from 'react';
import type { Place } from '../lib/place.ts';
import { words } from '../words.ts';

interface Props {
  readonly title: string;
  readonly id: string;
  readonly place: Place;
  /** Gets the focus back, and closes the card by itself. */
  readonly opener: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Something to look at beside the page, which goes on: a touch elsewhere or Escape closes it. */
export function Card({ title, id, place, opener, onClose, children }: Props): ReactElement {
  return (
    <Dialog.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Content
          className="card"
          data-panel={id}
          style={place}
          aria-describedby={undefined}
          onInteractOutside={(event) => {
            if (event.target instanceof Node && opener.current?.contains(event.target) === true)
              event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            // Not from whoever went on to something else.
            if (document.activeElement === document.body) opener.current?.focus();
          }}
        >
          <div className="panel-head">
            <Dialog.Title className="panel-title">{title}</Dialog.Title>
            <Dialog.Close className="icon-button" data-look="plain" aria-label={words.bar.close}>
              <X />
            </Dialog.Close>
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
