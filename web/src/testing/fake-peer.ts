/** A peer connection that goes where a test sends it. */
export class FakePeer extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  readonly transport = new FakeTransport();
  restarts = 0;

  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: LOCAL_SDP };
    return Promise.resolve();
  }

  createOffer(options: { iceRestart?: boolean } = {}): Promise<{ sdp: string }> {
    if (options.iceRestart === true) this.restarts += 1;
    return Promise.resolve({ sdp: LOCAL_SDP });
  }

  setRemoteDescription(description: { sdp: string }): Promise<void> {
    this.remoteDescription = description;
    return Promise.resolve();
  }

  getTransceivers(): { sender: { transport: FakeTransport } }[] {
    return [{ sender: { transport: this.transport } }];
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

class FakeTransport extends EventTarget {
  state: RTCDtlsTransportState = 'connected';

  closeByRemote(): void {
    this.state = 'closed';
    this.dispatchEvent(new Event('statechange'));
  }
}

export const LOCAL_SDP = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=ice-ufrag:ours',
  'a=ice-pwd:ours-password',
  'a=mid:0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:1',
  '',
].join('\r\n');

export const REMOTE_SDP = [
  'v=0',
  'o=- 3 4 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=ice-lite',
  'm=video 7882 UDP/TLS/RTP/SAVPF 96',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:theirs-password',
  'a=candidate:1 1 udp 1 127.0.0.1 7882 typ host',
  'a=mid:0',
  'm=audio 7882 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:theirs-password',
  'a=candidate:1 1 udp 1 127.0.0.1 7882 typ host',
  'a=mid:1',
  '',
].join('\r\n');
