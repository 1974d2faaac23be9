/** What of a section tests look at. */
export class FakeSection {
  mid: string | null = null;
  direction: RTCRtpTransceiverDirection;
  currentDirection: RTCRtpTransceiverDirection | null = null;
  readonly kind: string;
  readonly receiver: { track: FakeTrack };
  readonly sender: FakeSender;

  constructor(trackOrKind: string | FakeTrack, init: RTCRtpTransceiverInit) {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    this.kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    this.direction = init.direction ?? 'sendrecv';
    this.receiver = { track: new FakeTrack(this.kind) };
    this.sender = new FakeSender(track, init.sendEncodings ?? []);
  }

  /** As a browser does that sends more codecs than it receives. */
  setCodecPreferences(codecs: readonly RTCRtpCodec[]): void {
    if (codecs.some(({ mimeType }) => mimeType === 'video/send-only')) {
      throw new DOMException('no such codec', 'InvalidModificationError');
    }
  }
}

export class FakeSender {
  track: FakeTrack | null;
  encodings: RTCRtpEncodingParameters[];
  readonly transport = new EventTarget();
  /** How many more times it refuses what is to be sent. */
  refusals = 0;

  constructor(track: FakeTrack | null, encodings: RTCRtpEncodingParameters[]) {
    this.track = track;
    this.encodings = encodings;
  }

  replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track;
    return Promise.resolve();
  }

  getParameters(): { encodings: RTCRtpEncodingParameters[] } {
    return { encodings: this.encodings.map((encoding) => ({ ...encoding })) };
  }

  setParameters(parameters: { encodings: RTCRtpEncodingParameters[] }): Promise<void> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return Promise.reject(new DOMException('not now', 'InvalidStateError'));
    }
    this.encodings = parameters.encodings;
    return Promise.resolve();
  }
}

/** A track that a test can end, as a device does that is pulled. */
export class FakeTrack extends EventTarget {
  readonly kind: string;
  enabled = true;
  readyState: MediaStreamTrackState = 'live';
  contentHint = '';
  readonly #height: number;

  constructor(kind: string, height = 720) {
    super();
    this.kind = kind;
    this.#height = height;
  }

  getSettings(): MediaTrackSettings {
    return this.kind === 'video' ? { width: (this.#height * 16) / 9, height: this.#height } : {};
  }

  pull(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  get media(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakeChannel extends EventTarget {
  readonly label: string;
  readyState: RTCDataChannelState = 'connecting';
  bufferedAmount = 0;
  readonly sent: unknown[] = [];

  constructor(label: string) {
    super();
    this.label = label;
  }

  open(): void {
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 'closed';
  }

  hear(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

/** A peer connection whose transport goes where a test sends it; sections get their mids as browsers give them. */
export class FakeMeetingPeer extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new';
  signalingState: RTCSignalingState = 'stable';
  localDescription: { sdp: string } | null = null;
  readonly sections: FakeSection[] = [];
  readonly channels: FakeChannel[] = [];
  restarts = 0;

  addTransceiver(trackOrKind: string | FakeTrack, init: RTCRtpTransceiverInit = {}): FakeSection {
    const section = new FakeSection(trackOrKind, init);
    this.sections.push(section);
    return section;
  }

  getTransceivers(): FakeSection[] {
    return this.sections;
  }

  createDataChannel(label: string): FakeChannel {
    const channel = new FakeChannel(label);
    this.channels.push(channel);
    return channel;
  }

  /** A later section finds the application section in between, as in a browser. */
  setLocalDescription(): Promise<void> {
    const first = this.localDescription === null;
    const known = this.sections.filter(({ mid }) => mid !== null).length;
    let next = first ? 0 : known + 1;
    for (const section of this.sections) {
      if (section.mid !== null) continue;
      section.mid = String(next);
      next += 1;
    }
    this.localDescription = { sdp: `offer of ${this.sections.length} sections` };
    this.signalingState = 'have-local-offer';
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    if (this.signalingState !== 'have-local-offer') {
      return Promise.reject(new DOMException('no offer is open', 'InvalidStateError'));
    }
    for (const section of this.sections) section.currentDirection = section.direction;
    this.signalingState = 'stable';
    return Promise.resolve();
  }

  restartIce(): void {
    this.restarts += 1;
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close(): void {
    this.connectionState = 'closed';
    this.signalingState = 'closed';
  }

  /** The sections with this direction and kind. */
  find(direction: RTCRtpTransceiverDirection, kind: 'audio' | 'video'): FakeSection[] {
    return this.sections.filter((section) => section.direction === direction && section.kind === kind);
  }

  channel(label: string): FakeChannel {
    const found = this.channels.find((channel) => channel.label === label);
    if (found === undefined) throw new Error(`no channel ${label}`);
    return found;
  }
}
