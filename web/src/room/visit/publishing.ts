import type { TrackSource, Unsubscribe } from '../../client/index.ts';
import type { RoomMeeting } from './room-meeting.ts';
import type { Visit } from './visit.ts';

/** Keeps what the meeting sends in step with the devices, until told to stop. */
export function publishDevices(meeting: RoomMeeting, visit: Visit): Unsubscribe {
  const send = (source: TrackSource, track: MediaStreamTrack | null): void =>
    void meeting.publish(source, track).catch(() => undefined);
  const stops = [
    visit.microphoneMuted.subscribe(
      (muted) => void meeting.setMuted('microphone', muted).catch(() => undefined),
    ),
    // While one device is exchanged for another nothing is said: the others see the last picture.
    visit.camera.state.subscribe((state) => {
      if (state.kind !== 'opening') send('camera', state.kind === 'on' ? state.track : null);
    }),
    visit.microphone.state.subscribe((state) => {
      if (state.kind !== 'opening') send('microphone', state.kind === 'on' ? state.track : null);
    }),
    visit.screen.state.subscribe((state) => {
      if (state.kind === 'choosing' || state.kind === 'refused') return;
      send('screen', state.kind === 'on' ? state.video : null);
      send('screen_audio', state.kind === 'on' ? state.audio : null);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
