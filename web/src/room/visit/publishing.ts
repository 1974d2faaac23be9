import type { TrackSource, Unsubscribe } from '../../client/index.ts';
import type { RoomMeeting } from './room-meeting.ts';
import type { Visit } from './visit.ts';

/** Keeps what the meeting sends in step with the devices, until told to stop. */
export function publishDevices(meeting: RoomMeeting, visit: Visit): Unsubscribe {
  const send = (source: TrackSource, track: MediaStreamTrack | null): void =>
    void meeting.publish(source, track).catch(() => undefined);
  const mute = (source: TrackSource, muted: boolean): void =>
    void meeting.setMuted(source, muted).catch(() => undefined);
  const stops = [
    visit.camera.state.subscribe((state) => {
      // While one camera is exchanged for another nothing is said: the others see the last picture.
      if (state.kind === 'opening') return;
      send('camera', state.kind === 'on' ? state.track : null);
      mute('camera', state.kind !== 'on');
    }),
    visit.microphone.state.subscribe((state) => {
      if (state.kind === 'opening') return;
      send('microphone', state.kind === 'on' ? state.track : null);
      mute('microphone', state.kind !== 'on' || visit.microphoneMuted.value);
    }),
    visit.microphoneMuted.subscribe((muted) => {
      mute('microphone', muted || visit.microphone.state.value.kind !== 'on');
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
