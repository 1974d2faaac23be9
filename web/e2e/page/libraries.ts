import { WebRTCPlayer } from '@eyevinn/webrtc-player';
import { WHIPClient as EyevinnWhip } from '@eyevinn/whip-web-client';
import { WHEPClient as MedoozeWhep } from 'whip-whep/whep.js';
import { WHIPClient as MedoozeWhip } from 'whip-whep/whip.js';
import { Picture, tone, type Rgb } from './picture.ts';

type Stop = () => Promise<void>;

const stops = new Map<string, Stop>();
const videos = new Map<string, HTMLVideoElement>();

function video(name: string): HTMLVideoElement {
  const element = document.createElement('video');
  element.muted = true;
  element.autoplay = true;
  element.playsInline = true;
  document.body.append(element);
  videos.set(name, element);
  return element;
}

function at(path: string): string {
  return new URL(path, location.href).href;
}

/** Publishes and watches through WHIP and WHEP clients that others wrote. */
export const libraries = {
  async medoozePublish(name: string, path: string, color: Rgb, pitch: number): Promise<void> {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const { stream } = new Picture(color, tone(pitch));
    for (const track of stream.getTracks()) peer.addTransceiver(track, { direction: 'sendonly' });
    const client = new MedoozeWhip();
    await client.publish(peer, at(path));
    stops.set(name, () => client.stop());
  },

  async medoozeWatch(name: string, path: string): Promise<void> {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    // As its README does it: without a direction, so the offer says sendrecv.
    peer.addTransceiver('audio');
    peer.addTransceiver('video');
    const element = video(name);
    peer.addEventListener('track', ({ track, streams }) => {
      if (track.kind === 'video') element.srcObject = streams[0] ?? null;
    });
    const client = new MedoozeWhep();
    await client.view(peer, at(path));
    stops.set(name, () => client.stop());
  },

  async eyevinnPublish(name: string, path: string, color: Rgb, pitch: number): Promise<void> {
    const client = new EyevinnWhip({ endpoint: at(path), opts: { iceServers: [] } });
    const { stream } = new Picture(color, tone(pitch));
    await client.ingest(stream);
    stops.set(name, () => client.destroy());
  },

  async eyevinnWatch(name: string, path: string): Promise<void> {
    const player = new WebRTCPlayer({ video: video(name), type: 'whep', iceServers: [] });
    await player.load(new URL(at(path)));
    stops.set(name, () => player.unload());
  },

  /** The colour of the upper half. */
  color(name: string): Rgb | null {
    const element = videos.get(name);
    if (element === undefined || element.videoWidth === 0) return null;
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    const context = canvas.getContext('2d');
    context?.drawImage(element, 0, 0, element.videoWidth, element.videoHeight / 2, 0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context?.getImageData(0, 0, 1, 1).data ?? [];
    return [red, green, blue];
  },

  async stop(name: string): Promise<void> {
    await stops.get(name)?.();
  },
};

declare global {
  interface Window {
    libraries: typeof libraries;
  }
}
