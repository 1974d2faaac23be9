import { useId, type ReactElement, type ReactNode } from 'react';
import type { Device } from '../../client/index.ts';
import { words } from '../words.ts';

interface Props {
  readonly label: string;
  readonly icon: ReactNode;
  readonly id: string;
  readonly devices: readonly Device[];
  readonly chosen: string;
  readonly onChoose: (deviceId: string) => void;
}

/** One list of devices: the system's own control, which every phone and screen reader knows. */
export function DeviceSelect({ label, icon, id, devices, chosen, onChoose }: Props): ReactElement {
  const field = useId();
  const known = devices.some((device) => device.id === chosen);
  return (
    <div className="picker">
      <label htmlFor={field}>
        {icon}
        <span>{label}</span>
      </label>
      <select
        id={field}
        data-control={id}
        value={known ? chosen : (devices[0]?.id ?? '')}
        disabled={devices.length === 0}
        onChange={(event) => onChoose(event.target.value)}
      >
        {devices.length === 0 && <option value="">{words.devices.none}</option>}
        {devices.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
    </div>
  );
}
