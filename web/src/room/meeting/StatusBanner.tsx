import { Volume2 } from 'lucide-react';
import type { ReactElement } from 'react';
import type { MeetingState } from '../../client/index.ts';
import { useObservable } from '../hooks/use-observable.ts';
import { Spinner } from '../ui/Spinner.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { bannerWords, words } from '../words.ts';

interface Props {
  readonly meeting: RoomMeeting;
  readonly state: MeetingState;
}

/** What is being mended, and the one click that the browser wants before it plays sound. */
export function StatusBanner({ meeting, state }: Props): ReactElement {
  const sound = useObservable(meeting.sound);
  const refusedAbove = useObservable(meeting.refusedAbove);
  const access = useObservable(meeting.access);
  const mute = useObservable(meeting.grants).every((grant) => !grant.startsWith('publish_'));
  const banner = bannerWords(state);
  const lost = state.kind === 'reconnecting' && state.media === 'lost';
  return (
    <div className="banners">
      <div role="status">
        {banner !== undefined && (
          <p className="banner" data-banner={state.kind} data-tone={lost ? 'bad' : 'busy'}>
            <Spinner />
            <span>
              <strong>{banner.title}</strong> {banner.text}
            </span>
          </p>
        )}
        {access === 'insecure' && (
          <p className="banner" data-banner="insecure" data-tone="bad">
            <span>
              <strong>{words.insecure.title}</strong> {words.insecure.text}
            </span>
          </p>
        )}
        {mute && (
          <p className="banner" data-banner="watching" data-tone="busy">
            <span>
              <strong>{words.watching.title}</strong> {words.watching.text}
            </span>
          </p>
        )}
        {refusedAbove !== null && (
          <p className="banner" data-banner="refused" data-tone="busy">
            <span>
              <strong>{words.refused.title}</strong> {words.refused.text}
            </span>
          </p>
        )}
      </div>
      {sound === 'blocked' && (
        <p className="banner" role="alert" data-banner="sound" data-tone="busy">
          <span>{words.sound.title}</span>
          <button
            type="button"
            className="button primary"
            data-control="sound"
            onClick={() => void meeting.resumeSound()}
          >
            <Volume2 aria-hidden="true" />
            {words.sound.cure}
          </button>
        </p>
      )}
    </div>
  );
}
