import { Mic, Video, Volume2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import { preferences } from '../lib/preferences.ts';
import type { DeviceState } from '../visit/local-device.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import { DeviceSelect } from './DeviceSelect.tsx';

/** The three lists of devices; they follow what is plugged and pulled. None where the browser shows no device. */
export function DevicePickers({ visit }: { readonly visit: Visit }): ReactElement | null {
  const devices = useObservable(visit.own.list.devices);
  const camera = useObservable(visit.camera.state);
  const microphone = useObservable(visit.microphone.state);
  const { microphoneId, cameraId, speakerId } = useObservable(preferences);
  // A page that may not look for devices would say that there are none.
  if (barred(camera) || barred(microphone)) return null;
  return (
    <div className="pickers">
      <DeviceSelect
        label={words.devices.microphone}
        icon={<Mic aria-hidden="true" />}
        id="microphones"
        devices={devices.microphones}
        chosen={inUse(microphone) ?? microphoneId ?? ''}
        onChoose={(id) => void visit.own.choose('microphone', id)}
      />
      <DeviceSelect
        label={words.devices.camera}
        icon={<Video aria-hidden="true" />}
        id="cameras"
        devices={devices.cameras}
        chosen={inUse(camera) ?? cameraId ?? ''}
        onChoose={(id) => void visit.own.choose('camera', id)}
      />
      {devices.speakers.length > 0 && (
        <DeviceSelect
          label={words.devices.speaker}
          icon={<Volume2 aria-hidden="true" />}
          id="speakers"
          devices={[
            { id: '', label: words.devices.system },
            ...devices.speakers.filter((speaker) => speaker.id !== 'default'),
          ]}
          chosen={speakerId}
          onChoose={(id) => visit.chooseSpeaker(id)}
        />
      )}
    </div>
  );
}

function barred(state: DeviceState): boolean {
  return state.kind === 'refused' && state.problem.cause === 'insecure';
}

function inUse(state: DeviceState): string | undefined {
  return state.kind === 'on' ? state.track.getSettings().deviceId : undefined;
}
