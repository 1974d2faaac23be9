import type { Received } from '../client/index.ts';

/** What a browser counts. */
export type Counted = Omit<Received, 'limitBps'>;

/** A peer connection in whose one slot so much comes in between any two looks at it, a second of its clock apart. */
export function receiving(mid: string, received: () => Counted, ssrc = () => 1): RTCPeerConnection {
  let seconds = 0;
  let framesDecoded = 0;
  let bytesReceived = 0;
  let allBytes = 0;
  const getStats = (): Promise<ReadonlyMap<string, object>> => {
    const { width, height, framesPerSecond, bitsPerSecond, allBitsPerSecond } = received();
    seconds += 1;
    framesDecoded += framesPerSecond;
    // A tenth of it is headers.
    bytesReceived += (0.9 * bitsPerSecond) / 8;
    allBytes += (allBitsPerSecond ?? 0) / 8;
    const counts = {
      id: 'I1',
      type: 'inbound-rtp',
      ssrc: ssrc(),
      timestamp: 1000 * seconds,
      frameWidth: width,
      frameHeight: height,
      framesDecoded,
      bytesReceived,
      headerBytesReceived: bytesReceived / 9,
    };
    return Promise.resolve(
      new Map<string, object>([
        ['C1', { id: 'C1', type: 'codec', timestamp: 1000 * seconds }],
        ['I1', counts],
        ...(allBitsPerSecond === null ? [] : [transport(1000 * seconds, allBytes)]),
      ]),
    );
  };
  return { getTransceivers: () => [{ mid, receiver: { getStats } }] } as unknown as RTCPeerConnection;
}

function transport(timestamp: number, bytesReceived: number): [string, object] {
  return ['T1', { id: 'T1', type: 'transport', timestamp, bytesReceived }];
}
