/** What this browser, or the way the page is served, does not allow. */
export type Support =
  | { readonly kind: 'full' }
  /** One can see and hear, and nothing else. */
  | { readonly kind: 'watch_only'; readonly title: string; readonly cure: string }
  | { readonly kind: 'none'; readonly title: string; readonly cure: string };

/** As much of a browser's global object as is asked about. */
export interface Globals {
  readonly RTCPeerConnection?: unknown;
  readonly RTCRtpTransceiver?: unknown;
  readonly WebSocket?: unknown;
  readonly isSecureContext?: boolean;
  readonly navigator?: { readonly mediaDevices?: { readonly getUserMedia?: unknown } };
}

/** Looks before anything is tried, so that a page can say what is wrong instead of failing at the first call. */
export function checkSupport(globals: Globals = globalThis): Support {
  if (globals.RTCPeerConnection === undefined || globals.RTCRtpTransceiver === undefined) {
    return {
      kind: 'none',
      title: 'This browser has no WebRTC',
      cure: 'Any current Chrome, Edge, Firefox or Safari has it. If this is one, a setting or an extension switched it off.',
    };
  }
  if (globals.WebSocket === undefined) {
    return {
      kind: 'none',
      title: 'This browser has no WebSocket',
      cure: 'Any current Chrome, Edge, Firefox or Safari has it.',
    };
  }
  if (globals.isSecureContext !== true) {
    return {
      kind: 'watch_only',
      title: 'This page is not served securely',
      cure: 'Browsers give camera and microphone to https:// and to localhost alone. You can join, watch and listen.',
    };
  }
  if (globals.navigator?.mediaDevices?.getUserMedia === undefined) {
    return {
      kind: 'watch_only',
      title: 'This browser gives no camera or microphone',
      cure: 'A setting or a policy switched them off. You can join, watch and listen.',
    };
  }
  return { kind: 'full' };
}
