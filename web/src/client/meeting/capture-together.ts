import {
  capture,
  explain,
  insecure,
  mediaDevices,
  wishesFor,
  type Captured,
  type CaptureDevice,
  type CaptureSource,
} from './capture.ts';

/** As much of a browser as is asked here. */
export interface CaptureBrowser {
  readonly source: CaptureSource | undefined;
  readonly permissions: Pick<Permissions, 'query'> | undefined;
}

type Permission = PermissionState | 'unknown';

interface Order {
  readonly device: CaptureDevice;
  readonly deviceId: string | null;
  readonly settle: (captured: Captured) => void;
}

/** Opens a camera and a microphone that are asked for in the same moment by one question of the browser. */
export class CaptureTogether {
  readonly #browser: CaptureBrowser;
  #orders: Order[] = [];

  constructor(browser: CaptureBrowser = realBrowser()) {
    this.#browser = browser;
  }

  readonly open = (device: CaptureDevice, deviceId: string | null): Promise<Captured> => {
    if (this.#orders.length === 0) queueMicrotask(() => this.#work());
    return new Promise((settle) => this.#orders.push({ device, deviceId, settle }));
  };

  #work(): void {
    const orders = this.#orders;
    this.#orders = [];
    const camera = orders.find(({ device }) => device === 'camera');
    const microphone = orders.find(({ device }) => device === 'microphone');
    const { source } = this.#browser;
    if (camera === undefined || microphone === undefined || source === undefined) {
      for (const order of orders) void this.#openOne(order);
      return;
    }
    void this.#openBoth(source, camera, microphone);
    for (const order of orders) if (order !== camera && order !== microphone) void this.#openOne(order);
  }

  async #openOne({ device, deviceId, settle }: Order): Promise<void> {
    const { source } = this.#browser;
    if (source === undefined) settle({ kind: 'refused', problem: insecure(device) });
    else settle(await capture(device, deviceId, source));
  }

  async #openBoth(source: CaptureSource, camera: Order, microphone: Order): Promise<void> {
    try {
      const stream = await source.getUserMedia({
        video: wishesFor('camera', camera.deviceId),
        audio: wishesFor('microphone', microphone.deviceId),
      });
      this.#give(camera, stream.getVideoTracks()[0]);
      this.#give(microphone, stream.getAudioTracks()[0]);
    } catch (error) {
      // Which of the two it was, only one after the other tells.
      const again = await this.#worthAsking(error);
      for (const order of [camera, microphone]) {
        if (again.has(order.device)) void this.#openOne(order);
        else order.settle({ kind: 'refused', problem: explain(error, order.device) });
      }
    }
  }

  /** Extensions that put a stream of their own in place do not always heed both wishes. */
  #give(order: Order, track: MediaStreamTrack | undefined): void {
    if (track === undefined) void this.#openOne(order);
    else order.settle({ kind: 'open', track });
  }

  /** Which of both may still be opened alone, without a second question to somebody who just said no. */
  async #worthAsking(error: unknown): Promise<Set<CaptureDevice>> {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') {
      return new Set(['camera', 'microphone']);
    }
    const camera = await this.#permission('camera');
    const microphone = await this.#permission('microphone');
    const worth = new Set<CaptureDevice>();
    if (isWorth(camera, microphone)) worth.add('camera');
    if (isWorth(microphone, camera)) worth.add('microphone');
    return worth;
  }

  async #permission(name: CaptureDevice): Promise<Permission> {
    try {
      const status = await this.#browser.permissions?.query({ name });
      return status?.state ?? 'unknown';
    } catch {
      return 'unknown';
    }
  }
}

/** With `granted` the system stands in the way, perhaps of one; with the other `denied`, it may be that alone. */
function isWorth(own: Permission, other: Permission): boolean {
  if (own === 'denied') return false;
  return own !== 'prompt' || other === 'denied' || other === 'unknown';
}

function realBrowser(): CaptureBrowser {
  return {
    source: mediaDevices(),
    // Absent, against its type, in older browsers.
    permissions: 'permissions' in navigator ? navigator.permissions : undefined,
  };
}
