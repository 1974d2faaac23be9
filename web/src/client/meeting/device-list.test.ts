import { describe, expect, it } from 'vitest';
import { DeviceList } from './device-list.ts';

class FakeDevices extends EventTarget {
  infos: Partial<MediaDeviceInfo>[] = [];

  enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return Promise.resolve(this.infos as MediaDeviceInfo[]);
  }
}

const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 0));

describe('DeviceList', () => {
  it('reads again when a device is plugged, until it is closed', async () => {
    const source = new FakeDevices();
    source.infos = [{ kind: 'audioinput', deviceId: 'a', label: 'Headset' }];
    const list = new DeviceList(source);
    await settle();
    expect(list.devices.value.microphones).toEqual([{ id: 'a', label: 'Headset' }]);
    source.infos = [...source.infos, { kind: 'videoinput', deviceId: 'c', label: '' }];
    source.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(list.devices.value.cameras).toEqual([{ id: 'c', label: 'Camera 1' }]);
    list.close();
    source.infos = [];
    source.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(list.devices.value.cameras).toHaveLength(1);
  });

  it('has nothing to choose from before a permission is given', async () => {
    const source = new FakeDevices();
    source.infos = [{ kind: 'audioinput', deviceId: '', label: '' }];
    const list = new DeviceList(source);
    await settle();
    expect(list.devices.value.microphones).toEqual([]);
  });
});
