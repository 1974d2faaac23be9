import { openDevices, StatsReader, WhipClient, type Unsubscribe, type VideoCodec } from '../client/index.ts';
import { byId, fillList, setText } from './dom.ts';
import { bitrateText, codecText, roundTripText } from './format.ts';
import { publishMessage, publishWords, type PublishState } from './words.ts';

export interface PublishTarget {
  readonly room: string;
  readonly codec: VideoCodec | undefined;
  readonly simulcast: 'on' | 'off';
}

const READ_MS = 1000;

/** "You": preview, permission, upload, and the switches for camera and microphone. */
export class PublishPanel {
  readonly #target: () => PublishTarget;
  readonly #onActive: (active: 'up' | 'down') => void;
  readonly #button = byId('publish', HTMLButtonElement);
  readonly #identity = byId('identity', HTMLInputElement);
  readonly #preview = byId('preview', HTMLVideoElement);
  readonly #figures = byId('publish-stats', HTMLDListElement);
  readonly #camera = byId('camera', HTMLButtonElement);
  readonly #microphone = byId('microphone', HTMLButtonElement);
  #state: PublishState = { kind: 'idle' };
  #client: WhipClient | null = null;
  #stream: MediaStream | null = null;
  #note = '';
  #leave: Unsubscribe = () => undefined;

  constructor(target: () => PublishTarget, onActive: (active: 'up' | 'down') => void) {
    this.#target = target;
    this.#onActive = onActive;
    this.#button.addEventListener('click', () => void (this.#isUp() ? this.stop() : this.start()));
    this.#camera.addEventListener('click', () => this.#toggle('video'));
    this.#microphone.addEventListener('click', () => this.#toggle('audio'));
    this.draw();
  }

  async start(): Promise<void> {
    if (this.#isUp() || this.#state.kind === 'asking') return;
    this.#set({ kind: 'asking' });
    const outcome = await openDevices(navigator.mediaDevices);
    if (outcome.kind === 'refused') {
      this.#set(outcome);
      return;
    }
    this.#stream = outcome.stream;
    this.#note = outcome.why;
    this.#preview.srcObject = outcome.stream;
    this.#publish(outcome.stream);
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
  }

  draw(): void {
    const words = publishWords(this.#state);
    const status = byId('publish-status', HTMLElement);
    status.dataset['tone'] = words.tone;
    setText(status, words.text);
    const message =
      publishMessage(this.#state) ?? (this.#note === '' ? undefined : { title: 'Partly', text: this.#note });
    byId('publish-message', HTMLElement).hidden = message === undefined;
    setText(byId('publish-message-title', HTMLElement), message?.title ?? '');
    setText(byId('publish-message-text', HTMLElement), message?.text ?? '');
    const up = this.#isUp();
    const asking = this.#state.kind === 'asking';
    setText(
      this.#button,
      asking ? 'Waiting for permission' : up ? 'Stop publishing' : 'Publish camera & microphone',
    );
    this.#button.disabled = asking;
    this.#button.classList.toggle('primary', !up);
    this.#identity.disabled = up || asking;
    byId('toggles', HTMLElement).hidden = !up;
    this.#drawToggle(this.#camera, 'video', 'Camera');
    this.#drawToggle(this.#microphone, 'audio', 'Microphone');
    const picture = this.#stream?.getVideoTracks()[0];
    this.#preview.hidden = picture === undefined;
    byId('preview-text', HTMLElement).hidden = picture !== undefined;
    setText(
      byId('preview-text', HTMLElement),
      up ? 'Sound only: no camera' : 'Your picture shows here once you publish.',
    );
  }

  #publish(stream: MediaStream): void {
    this.#leave();
    const { room, codec, simulcast } = this.#target();
    const endpoint = new URL(`/whip/${encodeURIComponent(room)}`, location.href);
    const identity = this.#identity.value.trim();
    if (identity !== '') endpoint.searchParams.set('identity', identity);
    const client = new WhipClient({
      endpoint: endpoint.href,
      stream,
      simulcast,
      ...(codec === undefined ? {} : { codec }),
    });
    this.#client = client;
    const reader = new StatsReader();
    const timer = setInterval(() => void this.#read(client, reader), READ_MS);
    client.start();
    const unsubscribe = client.state.subscribe((link) => {
      if (link.kind === 'ended' || link.kind === 'failed') this.#release();
      this.#set({ kind: 'link', link });
    });
    this.#leave = () => {
      clearInterval(timer);
      unsubscribe();
    };
  }

  /** Turns the devices off, so that the camera's light goes out with the upload. */
  #release(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#note = '';
    this.#preview.srcObject = null;
    this.#figures.hidden = true;
    this.#leave();
  }

  async #read(client: WhipClient, reader: StatsReader): Promise<void> {
    const peer = client.peer;
    if (peer === null || client.state.value.kind !== 'live') return;
    const { tracks, roundTripMs } = reader.read(await peer.getStats());
    const video = tracks.filter((track) => track.kind === 'video' && track.bitrate > 0);
    const largest = video.reduce(
      (best, track) => (track.height > (best?.height ?? -1) ? track : best),
      video[0],
    );
    const audio = tracks.find((track) => track.kind === 'audio');
    this.#figures.hidden = false;
    fillList(this.#figures, [
      [
        'Codecs',
        [largest, audio]
          .flatMap((track) => (track === undefined ? [] : [codecText(track.codec)]))
          .join(' + '),
      ],
      [
        'Picture',
        largest === undefined ? 'none' : `${largest.width}×${largest.height}, ${largest.framesPerSecond} fps`,
      ],
      ['Upload', bitrateText(tracks.reduce((sum, track) => sum + track.bitrate, 0))],
      ['Packets lost', String(tracks.reduce((sum, track) => sum + track.packetsLost, 0))],
      ['Round trip', roundTripText(roundTripMs)],
      ['Connection', peer.connectionState],
    ]);
  }

  #toggle(kind: 'audio' | 'video'): void {
    for (const track of this.#stream?.getTracks() ?? []) {
      if (track.kind === kind) track.enabled = !track.enabled;
    }
    this.draw();
  }

  #drawToggle(button: HTMLButtonElement, kind: 'audio' | 'video', name: string): void {
    const track = this.#stream?.getTracks().find((candidate) => candidate.kind === kind);
    button.disabled = track === undefined;
    button.dataset['state'] = track?.enabled === false ? 'off' : 'on';
    setText(
      button,
      track === undefined ? `No ${name.toLowerCase()}` : `${name} ${track.enabled ? 'on' : 'off'}`,
    );
  }

  #set(state: PublishState): void {
    this.#state = state;
    this.draw();
    this.#onActive(this.#isUp() || state.kind === 'asking' ? 'up' : 'down');
  }

  #isUp(): boolean {
    if (this.#state.kind !== 'link') return false;
    const { kind } = this.#state.link;
    return kind === 'connecting' || kind === 'live' || kind === 'reconnecting';
  }
}
