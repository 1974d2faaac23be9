import { Observable, type Unsubscribe } from '../observable.ts';
import type { DataLink } from './types.ts';

/** What may wait in the browser for the network, bytes: above it every message would only grow older. */
export const BUFFERED_BYTES_MAX = 256 * 1024;
/** Sending is free again below this many bytes: half, so that the two states do not flicker. */
const BUFFERED_BYTES_LOW = BUFFERED_BYTES_MAX / 2;
/** The largest message that every browser passes whole, bytes (RFC 8831 §6.6). */
export const MESSAGE_BYTES_MAX = 16 * 1024;

/** A data channel that outlives the peer connection: each new one gets it anew. */
export class Data implements DataLink {
  readonly label: string;
  readonly state = new Observable<'connecting' | 'open' | 'closed'>('connecting');
  readonly pressure = new Observable<'clear' | 'full'>('clear');
  readonly #listeners = new Set<(data: string | ArrayBuffer) => void>();
  readonly #onClose: (data: Data) => void;
  #channel: RTCDataChannel | null = null;

  constructor(label: string, onClose: (data: Data) => void) {
    this.label = label;
    this.#onClose = onClose;
  }

  /** Opens it on this connection, the one before being gone. */
  attach(connection: RTCPeerConnection): void {
    if (this.state.value === 'closed') return;
    const channel = connection.createDataChannel(this.label);
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = BUFFERED_BYTES_LOW;
    this.#channel = channel;
    this.state.set('connecting');
    this.pressure.set('clear');
    const current = (action: () => void) => (): void => {
      if (this.#channel === channel && this.state.value !== 'closed') action();
    };
    channel.addEventListener(
      'open',
      current(() => this.state.set('open')),
    );
    channel.addEventListener(
      'bufferedamountlow',
      current(() => this.pressure.set('clear')),
    );
    channel.addEventListener(
      'close',
      current(() => this.state.set('connecting')),
    );
    channel.addEventListener('message', ({ data }) => {
      if (this.#channel !== channel) return;
      if (typeof data !== 'string' && !(data instanceof ArrayBuffer)) return;
      for (const listener of [...this.#listeners]) listener(data);
    });
  }

  send(data: string | ArrayBuffer): 'sent' | 'full' | 'too_large' | 'closed' {
    const channel = this.#channel;
    if (channel?.readyState !== 'open') return 'closed';
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data).length : data.byteLength;
    if (bytes > MESSAGE_BYTES_MAX) return 'too_large';
    if (channel.bufferedAmount + bytes > BUFFERED_BYTES_MAX) {
      this.pressure.set('full');
      return 'full';
    }
    if (typeof data === 'string') channel.send(data);
    else channel.send(data);
    return 'sent';
  }

  onMessage(listener: (data: string | ArrayBuffer) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.state.value === 'closed') return;
    this.state.set('closed');
    this.#channel?.close();
    this.#channel = null;
    this.#onClose(this);
  }
}
