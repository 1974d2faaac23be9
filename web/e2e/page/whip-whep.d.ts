// The package's own declarations sit beside its modules but leave out what the tests call.
declare module 'whip-whep/whip.js' {
  export class WHIPClient {
    publish(pc: RTCPeerConnection, url: string, token?: string): Promise<void>;
    stop(): Promise<void>;
  }
}

declare module 'whip-whep/whep.js' {
  export class WHEPClient {
    view(pc: RTCPeerConnection, url: string, token?: string): Promise<void>;
    stop(): Promise<void>;
  }
}
