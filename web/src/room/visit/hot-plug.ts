import type { DeviceList, Unsubscribe } from '../../client/index.ts';
import type { LocalDevice } from './local-device.ts';

/** Opens a device that was missed as soon as one of its kind is plugged in. */
export function openWhenPlugged(
  list: Pick<DeviceList, 'devices'>,
  devices: readonly LocalDevice[],
): Unsubscribe {
  let before = list.devices.value;
  return list.devices.subscribe((now) => {
    for (const device of devices) {
      const of = device.kind === 'camera' ? 'cameras' : 'microphones';
      const { value } = device.state;
      const missed = value.kind === 'refused' && value.problem.cause === 'missing';
      if (missed && now[of].length > before[of].length) void device.open(null);
    }
    before = now;
  });
}
