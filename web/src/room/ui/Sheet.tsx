import * as Dialog from '@radix-ui/react-dialog';
import { X } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { words } from '../words.ts';

interface Props {
  readonly title: string;
  readonly kind: 'dialog' | 'sheet';
  readonly id: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * Something that wants an answer first: in the middle of a desktop's page, at the foot of a phone's.
 *
 * The shade is our own: the library's writes a style element, which the content security policy forbids.
 */
export function Sheet({ title, kind, id, onClose, children }: Props): ReactElement {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <div className="shade" />
        <Dialog.Content className="sheet" data-kind={kind} data-panel={id} aria-describedby={undefined}>
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
