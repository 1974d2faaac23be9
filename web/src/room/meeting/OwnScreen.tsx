import { MonitorX } from 'lucide-react';
import type { ReactElement } from 'react';
import { LocalVideo } from '../ui/LocalVideo.tsx';
import { words } from '../words.ts';

interface Props {
  readonly track: MediaStreamTrack;
  readonly onStop: () => void;
}

/** One's own screen, dimmed: a whole screen would show itself in itself. */
export function OwnScreen({ track, onStop }: Props): ReactElement {
  return (
    <figure className="tile tile-screen" data-screen="own" aria-label={words.stage.ownScreen}>
      <LocalVideo track={track} look="plain" label={words.stage.ownScreen} />
      <div className="own-screen">
        <h2>{words.stage.ownScreen}</h2>
        <p>{words.stage.ownScreenHint}</p>
        <button type="button" className="button primary" onClick={onStop}>
          <MonitorX aria-hidden="true" />
          {words.bar.stopShare}
        </button>
      </div>
    </figure>
  );
}
