import {
  Meeting,
  type ChatMessage,
  type DataLink,
  type MeetingState,
  type Participant,
  type Slot,
  type Speakers,
  type TrackSource,
  type VideoCodec,
} from '../../src/client/index.ts';
import { Ear } from './ear.ts';
import { fakeMicrophone, Picture, tone, type Rgb, type Size } from './picture.ts';
import { Wall } from './wall.ts';

export interface JoinRequest {
  readonly room: string;
  /** Name and identity. */
  readonly name: string;
  readonly color?: Rgb;
  /** Of the tone, Hz. */
  readonly pitch?: number;
  /** `microphone` is the browser's fake one, whose pitch is set outside; the default is a tone of our own. */
  readonly sound?: 'tone' | 'microphone';
  /** Of the canvas. */
  readonly size?: Size;
  /** Of each tile, CSS pixels. */
  readonly tile?: Size;
  readonly videoSlots?: number;
  /** Whose pictures are shown; everybody's otherwise. */
  readonly only?: readonly string[];
  readonly codec?: VideoCodec;
  /** All media takes the way through a test's relay at this port. */
  readonly relayPort?: number;
  /** All that goes over UDP takes the way to this port, at which nobody answers, as behind a strict firewall. */
  readonly udpHole?: number;
}

/** What carries media, as the browser says. */
export interface Way {
  /** Of the candidate here, and of the server's. */
  readonly protocols: readonly [string, string];
  /** `active` here (RFC 6544), where the browser says so. */
  readonly tcpType: string;
}

/** One RTP stream under webrtc-stats' names, with the MIME type of its codec. */
export type RtpFigures = Readonly<Record<string, number | string | undefined>>;

const TILE_DEFAULT: Size = { width: 240, height: 135 };

/** Somebody in a room over the client SDK, who sends a colour and a tone and looks at everybody. */
class Person {
  readonly meeting: Meeting;
  readonly wall: Wall;
  /** Everything that the roster said, in order: `+ann`, `ann unstable`, `-ann`. */
  readonly history: string[] = [];
  readonly ear = new Ear();
  #camera: Picture | undefined;
  #known = new Map<string, Participant>();

  constructor(request: JoinRequest) {
    this.meeting = new Meeting({
      room: request.room,
      name: request.name,
      identity: request.name,
      ...(request.videoSlots === undefined ? {} : { videoSlots: request.videoSlots }),
      ...(request.codec === undefined ? {} : { codec: request.codec }),
    });
    this.wall = new Wall(this.meeting, request.tile ?? TILE_DEFAULT, request.only);
    this.meeting.participants.subscribe((all) => this.#note(all));
  }

  async camera(color: Rgb | null, size?: Size): Promise<void> {
    const before = this.#camera;
    this.#camera = color === null ? undefined : new Picture(color, [], size);
    await this.meeting.publish('camera', this.#camera?.stream.getVideoTracks()[0] ?? null);
    before?.stop();
  }

  async microphone(pitch: number | 'fake'): Promise<void> {
    const [track] = pitch === 'fake' ? await fakeMicrophone() : tone(pitch);
    await this.meeting.publish('microphone', track ?? null);
  }

  /** The slot that carries a participant's track of this kind. */
  slot(identity: string, kind: 'audio' | 'video'): Slot | undefined {
    const ids = this.#known.get(identity)?.tracks.filter((track) => track.kind === kind) ?? [];
    return this.meeting.slots.value.find((slot) => ids.some(({ id }) => id === slot.track));
  }

  receiver(identity: string, kind: 'audio' | 'video'): RTCRtpReceiver | undefined {
    const mid = this.slot(identity, kind)?.mid;
    if (mid === undefined) return undefined;
    return this.meeting.peer.value?.getTransceivers().find((transceiver) => transceiver.mid === mid)
      ?.receiver;
  }

  #note(all: readonly Participant[]): void {
    const now = new Map(all.map((participant) => [participant.identity, participant]));
    for (const identity of this.#known.keys()) {
      if (!now.has(identity)) this.history.push(`-${identity}`);
    }
    for (const [identity, { presence }] of now) {
      const before = this.#known.get(identity);
      if (before === undefined) this.history.push(`+${identity}`);
      else if (before.presence !== presence) this.history.push(`${identity} ${presence}`);
    }
    this.#known = now;
  }
}

const channels = new Map<string, { readonly link: DataLink; readonly heard: string[] }>();
let present: Person | undefined;

function me(): Person {
  if (present === undefined) throw new Error('nobody joined on this page');
  return present;
}

async function figures(of: RTCRtpReceiver | RTCRtpSender | undefined, type: string): Promise<RtpFigures[]> {
  const report = await of?.getStats();
  const all = [...((report ?? new Map()) as ReadonlyMap<string, RtpFigures>).values()];
  const codecOf = (stat: RtpFigures): RtpFigures | undefined => all.find(({ id }) => id === stat['codecId']);
  return all
    .filter((stat) => stat['type'] === type)
    .map((stat) => ({ ...stat, mimeType: codecOf(stat)?.['mimeType'] }));
}

/** What the tests ask of a page with one person on it. */
export const person = {
  async join(request: JoinRequest): Promise<void> {
    divertedTo = request.relayPort;
    udpHole = request.udpHole;
    present = new Person(request);
    if (request.color !== undefined) await present.camera(request.color, request.size);
    if (request.sound === 'microphone') await present.microphone('fake');
    else if (request.pitch !== undefined) await present.microphone(request.pitch);
    present.meeting.join();
  },

  leave: (): Promise<void> => me().meeting.leave(),
  state: (): MeetingState => me().meeting.state.value,
  participants: (): readonly Participant[] => me().meeting.participants.value,
  history: (): readonly string[] => me().history,
  slots: (): readonly Slot[] => me().meeting.slots.value,
  speakers: (): Speakers => me().meeting.speakers.value,
  chat: (): readonly ChatMessage[] => me().meeting.chat.value,
  sendChat: (text: string): Promise<void> => me().meeting.sendChat(text),
  camera: (color: Rgb | null): Promise<void> => me().camera(color),
  microphone: (pitch: number): Promise<void> => me().microphone(pitch),
  setMuted: (source: TrackSource, muted: boolean): Promise<void> => me().meeting.setMuted(source, muted),
  showOnly: (identities?: readonly string[]): void => me().wall.showOnly(identities),
  resize: (size: Size): void => me().wall.resize(size),

  color: (identity: string): Rgb | null => me().wall.color(identity),
  framesShown: (identity: string): number => me().wall.framesShown(identity),

  /** Hz; 0 is silence. */
  pitch(identity: string): Promise<number> {
    const track = me().receiver(identity, 'audio')?.track;
    return track === undefined ? Promise.resolve(0) : me().ear.pitch(track);
  },

  /** The slot that carries a participant's track here. */
  slot: (identity: string, kind: 'audio' | 'video'): Slot | null => me().slot(identity, kind) ?? null,

  openData(label: string): void {
    const link = me().meeting.openData(label);
    const heard: string[] = [];
    link.onMessage((data) => heard.push(typeof data === 'string' ? data : `${data.byteLength} bytes`));
    channels.set(label, { link, heard });
  },
  sendData: (label: string, text: string): string => channels.get(label)?.link.send(text) ?? 'not opened',
  data: (label: string): readonly string[] => channels.get(label)?.heard ?? [],

  /** How one participant arrives here; null while no slot carries the track. */
  async inbound(identity: string, kind: 'audio' | 'video'): Promise<RtpFigures | null> {
    const [found] = await figures(me().receiver(identity, kind), 'inbound-rtp');
    return found ?? null;
  },

  /** All that is sent, one entry an encoding. */
  async outbound(kind: 'audio' | 'video'): Promise<RtpFigures[]> {
    const senders = me().meeting.peer.value?.getSenders() ?? [];
    const all = await Promise.all(senders.map((sender) => figures(sender, 'outbound-rtp')));
    return all.flat().filter((stat) => stat['kind'] === kind);
  },

  /** What the browser believes its upload can take, bit/s; 0 as long as it says nothing. */
  async uploadEstimate(): Promise<number> {
    const report = await me().meeting.peer.value?.getStats();
    const all = [...((report ?? new Map()) as ReadonlyMap<string, RtpFigures>).values()];
    const estimates = all.map((stat) => stat['availableOutgoingBitrate']);
    return Number(estimates.find((estimate) => estimate !== undefined) ?? 0);
  },

  /** The pair of candidates that media takes; null while there is none. */
  async way(): Promise<Way | null> {
    const report = (await me().meeting.peer.value?.getStats()) ?? new Map();
    const all = [...(report as ReadonlyMap<string, RtpFigures>).values()];
    const chosen = all.find((stat) => stat['type'] === 'transport')?.['selectedCandidatePairId'];
    const isChosen = (stat: RtpFigures): boolean =>
      stat['type'] === 'candidate-pair' &&
      (chosen === undefined ? String(stat['selected']) === 'true' : stat['id'] === chosen);
    const pair = all.find(isChosen);
    const candidate = (id: RtpFigures[string]): RtpFigures => all.find((stat) => stat['id'] === id) ?? {};
    if (pair === undefined) return null;
    const [here, there] = [candidate(pair['localCandidateId']), candidate(pair['remoteCandidateId'])];
    const protocols = [String(here['protocol']), String(there['protocol'])] as const;
    return { protocols, tcpType: String(here['tcpType'] ?? '') };
  },

  /** Offers made so far. */
  negotiations: (): number => me().meeting.negotiations.value,

  /** How many peer connections this page ever opened. */
  connections: (): number => opened,
};

let opened = 0;
let divertedTo: number | undefined;
let udpHole: number | undefined;

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    opened += 1;
  }

  /** Moves the server's candidates to the relay's port, or those over UDP into the hole. */
  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    let sdp = description.sdp ?? '';
    if (divertedTo !== undefined) {
      sdp = sdp.replace(/^(a=candidate:\S+ \d+ \S+ \d+ \S+) \d+/gm, `$1 ${divertedTo}`);
    }
    if (udpHole !== undefined) {
      sdp = sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gim, `$1 ${udpHole}`);
    }
    return super.setRemoteDescription({ type: description.type, sdp });
  }
};

declare global {
  interface Window {
    person: typeof person;
  }
}
