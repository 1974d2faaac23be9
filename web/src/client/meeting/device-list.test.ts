import { describe, expect, it } from 'vitest';
import { DeviceList } from './device-list.ts';
import { loudness } from './level-meter.ts';

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

describe('loudness', () => {
  it('is even to the ear from a quiet room to full scale', () => {
    const constant = (level: number): Float32Array => new Float32Array(1024).fill(level);
    expect(loudness(constant(0))).toBe(0);
    expect(loudness(constant(0.0001))).toBe(0);
    expect(loudness(constant(0.0316))).toBeCloseTo(0.5, 2);
    expect(loudness(constant(1))).toBe(1);
    expect(loudness(new Float32Array(0))).toBe(0);
  });
});
