/** What a person is told of one track, read from `getStats` under webrtc-stats' names. */
export interface TrackStats {
  readonly kind: 'audio' | 'video';
  /** The id of the MediaStreamTrack it feeds or is fed by, where the browser names it. */
  readonly track: string;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly bitrate: number;
  readonly packets: number;
  readonly packetsLost: number;
  readonly freezeCount: number;
}

export interface LinkStats {
  readonly tracks: readonly TrackStats[];
  /** Of the selected pair, ms. */
  readonly roundTripMs: number | undefined;
}

interface Sample {
  readonly timestamp: number;
  readonly bytes: number;
}

type Stat = Readonly<Record<string, unknown>>;

/** Turns successive `getStats` reports into rates. */
export class StatsReader {
  #previous = new Map<string, Sample>();

  read(report: ReadonlyMap<string, unknown>): LinkStats {
    const stats = [...report.values()].filter(
      (stat): stat is Stat => typeof stat === 'object' && stat !== null,
    );
    const next = new Map<string, Sample>();
    const tracks: TrackStats[] = [];
    for (const stat of stats) {
      const direction = text(stat, 'type');
      if (direction !== 'inbound-rtp' && direction !== 'outbound-rtp') continue;
      const bytes = number(stat, direction === 'inbound-rtp' ? 'bytesReceived' : 'bytesSent');
      const sample = { timestamp: number(stat, 'timestamp'), bytes };
      const id = text(stat, 'id');
      next.set(id, sample);
      tracks.push(trackStats(stat, stats, bitrate(this.#previous.get(id), sample)));
    }
    this.#previous = next;
    return { tracks, roundTripMs: roundTrip(stats) };
  }
}

function trackStats(stat: Stat, stats: readonly Stat[], rate: number): TrackStats {
  const inbound = text(stat, 'type') === 'inbound-rtp';
  const codec = stats.find((other) => text(other, 'id') === text(stat, 'codecId'));
  const remote = stats.find((other) => text(other, 'id') === text(stat, 'remoteId'));
  return {
    kind: text(stat, 'kind') === 'audio' ? 'audio' : 'video',
    track: text(stat, 'trackIdentifier'),
    codec: codec === undefined ? '' : (text(codec, 'mimeType').split('/')[1] ?? ''),
    width: number(stat, 'frameWidth'),
    height: number(stat, 'frameHeight'),
    framesPerSecond: number(stat, 'framesPerSecond'),
    bitrate: rate,
    packets: number(stat, inbound ? 'packetsReceived' : 'packetsSent'),
    packetsLost: inbound ? number(stat, 'packetsLost') : number(remote ?? {}, 'packetsLost'),
    freezeCount: number(stat, 'freezeCount'),
  };
}

function bitrate(before: Sample | undefined, now: Sample): number {
  if (before === undefined || now.timestamp <= before.timestamp) return 0;
  return Math.max(0, ((now.bytes - before.bytes) * 8000) / (now.timestamp - before.timestamp));
}

function roundTrip(stats: readonly Stat[]): number | undefined {
  const pair = stats.find((stat) => text(stat, 'type') === 'candidate-pair' && stat['nominated'] === true);
  const seconds = pair?.['currentRoundTripTime'];
  return typeof seconds === 'number' ? seconds * 1000 : undefined;
}

function number(stat: Stat, name: string): number {
  const value = stat[name];
  return typeof value === 'number' ? value : 0;
}

function text(stat: Stat, name: string): string {
  const value = stat[name];
  return typeof value === 'string' ? value : '';
}
