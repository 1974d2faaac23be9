import {
  StatsReader,
  WhepClient,
  type LinkState,
  type LinkStats,
  type Unsubscribe,
} from '../client/index.ts';
import { byId, setText } from './dom.ts';
import { roundTripText } from './format.ts';
import { Tile, type Sound } from './tile.ts';
import { stageEmpty, watchWords } from './words.ts';

export interface WatchTarget {
  readonly room: string;
  readonly watch: string | undefined;
}

const READ_MS = 1000;

/** The stage: the room's publishers in tiles, or what stands in their place. */
export class WatchPanel {
  readonly #target: () => WatchTarget;
  readonly #onActive: (active: 'up' | 'down') => void;
  readonly #button = byId('watch', HTMLButtonElement);
  readonly #slots = byId('slots', HTMLSelectElement);
  readonly #sound = byId('sound', HTMLButtonElement);
  readonly #tap = byId('tap', HTMLButtonElement);
  readonly #grid = byId('grid', HTMLDivElement);
  #client: WhepClient | null = null;
  #tiles: Tile[] = [];
  #stats: LinkStats | undefined;
  #wanted: Sound = 'on';
  #leave: Unsubscribe = () => undefined;

  constructor(target: () => WatchTarget, slots: number, onActive: (active: 'up' | 'down') => void) {
    this.#target = target;
    this.#onActive = onActive;
    if (![...this.#slots.options].some((option) => option.value === String(slots))) {
      this.#slots.add(new Option(String(slots)));
    }
    this.#slots.value = String(slots);
    this.#button.addEventListener('click', () => void (this.#isUp() ? this.stop() : this.start()));
    this.#slots.addEventListener('change', () => void this.#reopen());
    this.#sound.addEventListener('click', () => this.setSound(this.#wanted === 'on' ? 'off' : 'on'));
    this.#tap.addEventListener('click', () => this.setSound('on'));
    this.draw();
  }

  start(): void {
    this.#close();
    const { room, watch } = this.#target();
    const endpoint = new URL(`/whep/${encodeURIComponent(room)}`, location.href);
    if (watch !== undefined) endpoint.searchParams.set('watch', watch);
    const client = new WhepClient({ endpoint: endpoint.href, slots: Number(this.#slots.value) });
    const names = watch?.split(',') ?? [];
    this.#tiles = client.slots.map(
      (slot) => new Tile(slot, names[slot.index] ?? `Publisher ${slot.index + 1}`),
    );
    this.#grid.replaceChildren(...this.#tiles.map((tile) => tile.element));
    this.#client = client;
    const reader = new StatsReader();
    const timer = setInterval(() => void this.#read(client, reader), READ_MS);
    const unsubscribe = client.state.subscribe((state) => this.#changed(state));
    this.#leave = () => {
      clearInterval(timer);
      unsubscribe();
    };
    client.start();
    this.setSound(this.#wanted);
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
  }

  setSound(wanted: Sound): void {
    this.#wanted = wanted;
    this.#tap.hidden = true;
    for (const tile of this.#tiles) {
      void tile.play(wanted).then((outcome) => {
        if (outcome === 'blocked') this.#tap.hidden = false;
      });
    }
    this.draw();
  }

  draw(): void {
    const state: LinkState = this.#client?.state.value ?? { kind: 'idle' };
    const carrying = this.#tiles.filter((tile) => tile.carries === 'something').length;
    const words = watchWords(state, carrying);
    const status = byId('watch-status', HTMLElement);
    status.dataset['tone'] = words.tone;
    const roundTrip = state.kind === 'live' ? ` · ${roundTripText(this.#stats?.roundTripMs)} round trip` : '';
    setText(status, words.text + roundTrip);
    const up = this.#isUp();
    setText(this.#button, up ? 'Stop' : state.kind === 'idle' ? 'Watch' : 'Watch again');
    this.#button.classList.toggle('primary', !up);
    this.#sound.hidden = !up;
    this.#sound.dataset['state'] = this.#wanted;
    setText(this.#sound, this.#wanted === 'on' ? 'Sound on' : 'Sound off');
    this.#grid.dataset['count'] = String(up ? carrying : 0);
    this.#grid.dataset['link'] = state.kind;
    const empty = stageEmpty(state, this.#target().room);
    byId('stage-empty', HTMLElement).hidden = state.kind === 'live' && carrying > 0;
    byId('stage-spinner', HTMLElement).hidden = !empty.spinner;
    setText(byId('stage-empty-title', HTMLElement), empty.title);
    setText(byId('stage-empty-text', HTMLElement), empty.text);
  }

  #changed(state: LinkState): void {
    if (state.kind === 'live') this.setSound(this.#wanted);
    if (state.kind === 'failed' || state.kind === 'ended') this.#tap.hidden = true;
    this.draw();
    this.#onActive(this.#isUp() ? 'up' : 'down');
  }

  async #read(client: WhepClient, reader: StatsReader): Promise<void> {
    const peer = client.peer;
    if (peer === null || client.state.value.kind !== 'live') return;
    this.#stats = reader.read(await peer.getStats());
    for (const tile of this.#tiles) tile.show(this.#stats.tracks);
    this.draw();
  }

  async #reopen(): Promise<void> {
    if (!this.#isUp()) return;
    await this.stop();
    this.start();
  }

  #close(): void {
    this.#leave();
    for (const tile of this.#tiles) tile.close();
    this.#tiles = [];
    this.#stats = undefined;
  }

  #isUp(): boolean {
    const kind = this.#client?.state.value.kind;
    return kind === 'connecting' || kind === 'live' || kind === 'reconnecting';
  }
}
