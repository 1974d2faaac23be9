import { Mic, MicOff, Video, VideoOff } from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import { LocalVideo } from '../ui/LocalVideo.tsx';
import { Spinner } from '../ui/Spinner.tsx';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import { ToggleButton } from './ToggleButton.tsx';

/** One's own picture as in a mirror, and the two switches. */
export function Preview({ visit }: { readonly visit: Visit }): ReactElement {
  const camera = useObservable(visit.camera.state);
  const microphone = useObservable(visit.microphone.state);
  const muted = useObservable(visit.microphoneMuted);
  const heard = (microphone.kind === 'on' || microphone.kind === 'opening') && !muted;
  const seen = camera.kind === 'on' || camera.kind === 'opening';
  return (
    <div className="preview" data-camera={camera.kind} data-microphone={microphone.kind}>
      {camera.kind === 'on' && <LocalVideo track={camera.track} look="mirror" label={words.door.preview} />}
      {camera.kind === 'opening' && (
        <p className="preview-text" role="status">
          <Spinner />
          {words.door.opening}
        </p>
      )}
      {(camera.kind === 'off' || camera.kind === 'refused') && (
        <p className="preview-text">
          <VideoOff aria-hidden="true" />
          {words.door.cameraOff}
        </p>
      )}
      <div className="preview-switches">
        <ToggleButton
          id="microphone"
          on={heard}
          label={heard ? words.bar.mute : words.bar.unmute}
          onClick={() => visit.own.toggleMicrophone()}
        >
          {heard ? <Mic /> : <MicOff />}
        </ToggleButton>
        <ToggleButton
          id="camera"
          on={seen}
          label={seen ? words.bar.cameraOff : words.bar.cameraOn}
          onClick={() => visit.own.toggleCamera()}
        >
          {seen ? <Video /> : <VideoOff />}
        </ToggleButton>
      </div>
    </div>
  );
}
