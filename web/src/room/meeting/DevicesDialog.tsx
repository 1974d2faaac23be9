import type { ReactElement } from 'react';
import { DevicePickers } from '../prejoin/DevicePickers.tsx';
import { DeviceTrouble } from '../prejoin/DeviceTrouble.tsx';
import { MicrophoneLevel } from '../prejoin/MicrophoneLevel.tsx';
import { Sheet } from '../ui/Sheet.tsx';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';

export function DevicesDialog({
  visit,
  onClose,
}: {
  readonly visit: Visit;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Sheet kind="dialog" id="devices" title={words.devices.title} onClose={onClose}>
      <div className="panel-body">
        <DeviceTrouble visit={visit} />
        <DevicePickers visit={visit} />
        <MicrophoneLevel visit={visit} />
      </div>
    </Sheet>
  );
}
