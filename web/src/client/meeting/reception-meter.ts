import { Observable, type Unsubscribe } from '../observable.ts';
import type { Limit } from '../wire.ts';

/** How often the browser's counts are read, ms: as often as a person can read figures. */
export const READ_MS = 1_000;
/** As many readings are kept as make a minute. */
const READINGS_MAX = 60;

/** How a slot's pictures came in since the reading before. */
export interface Received {
  /** Of the newest picture, pixels; 0 before the first. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** RTP packets whole, headers included. */
  readonly bitsPerSecond: number;
  /** All that came over the connection, every slot's packets and whatever else; null where the browser does not count it. */
  readonly allBitsPerSecond: number | null;
  /** What bounded that, as the server told last, bit/s; null where nothing did. */
  readonly limitBps: number | null;
}

/** What is counted; a limit is told. */
type Counted = Omit<Received, 'limitBps'>;

type Counts = RTCInboundRtpStreamStats;
type Transport = RTCTransportStats;

/** Reads once a second what comes in one slot. */
export class ReceptionMeter {
  /** The last minute, oldest first; empty until two readings can be compared. */
  readonly minute = new Observable<readonly Received[]>([]);
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unwatch: Unsubscribe;
  readonly #mid: string;
  readonly #limit: Observable<Limit | null>;
  #connection: RTCPeerConnection | null = null;
  #before: Counts | null = null;
  #transportBefore: Transport | null = null;
  #phase: 'open' | 'closed' = 'open';

  /** `peer`: the connection of the moment; `limit`: what bounds all that comes over it; `mid`: the slot. */
  constructor(peer: Observable<RTCPeerConnection | null>, limit: Observable<Limit | null>, mid: string) {
    this.#mid = mid;
    this.#limit = limit;
    this.#unwatch = peer.subscribe((connection) => {
      this.#connection = connection;
    });
    const read = (): void => void this.#read().catch(() => undefined);
    this.#timer = setInterval(read, READ_MS);
    read();
  }

  close(): void {
    this.#phase = 'closed';
    clearInterval(this.#timer);
    this.#unwatch();
  }

  async #read(): Promise<void> {
    const sections = this.#connection?.getTransceivers() ?? [];
    const report = await sections.find(({ mid }) => mid === this.#mid)?.receiver.getStats();
    if (report === undefined || this.#phase === 'closed') return;
    const all = [...(report as ReadonlyMap<string, RTCStats>).values()];
    const counts = all.find((stat): stat is Counts => stat.type === 'inbound-rtp') ?? null;
    const transport = all.find((stat): stat is Transport => stat.type === 'transport') ?? null;
    const [before, transportBefore] = [this.#before, this.#transportBefore];
    [this.#before, this.#transportBefore] = [counts, transport];
    // Another stream counts from zero.
    if (counts === null || before?.ssrc !== counts.ssrc) return;
    const received = between(before, counts);
    if (received === null) return;
    const allBitsPerSecond = allBetween(transportBefore, transport);
    const reading = { ...received, allBitsPerSecond, limitBps: this.#limit.value?.bps ?? null };
    this.minute.set([...this.minute.value, reading].slice(-READINGS_MAX));
  }
}

/** Null where no time has passed: browsers give the same counts twice when they are asked too soon. */
function between(before: Counts, now: Counts): Omit<Counted, 'allBitsPerSecond'> | null {
  const seconds = (now.timestamp - before.timestamp) / 1000;
  if (seconds <= 0) return null;
  return {
    width: now.frameWidth ?? 0,
    height: now.frameHeight ?? 0,
    framesPerSecond: ((now.framesDecoded ?? 0) - (before.framesDecoded ?? 0)) / seconds,
    bitsPerSecond: (8 * (bytes(now) - bytes(before))) / seconds,
  };
}

function allBetween(before: Transport | null, now: Transport | null): number | null {
  if (before?.bytesReceived === undefined || now?.bytesReceived === undefined) return null;
  const seconds = (now.timestamp - before.timestamp) / 1000;
  // Another connection's transport counts from zero.
  if (seconds <= 0 || now.bytesReceived < before.bytesReceived) return null;
  return (8 * (now.bytesReceived - before.bytesReceived)) / seconds;
}

function bytes({ bytesReceived = 0, headerBytesReceived = 0 }: Counts): number {
  return bytesReceived + headerBytesReceived;
}
