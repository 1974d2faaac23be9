import {
  MessageSquare,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  PhoneOff,
  Settings,
  Users,
  Video,
  VideoOff,
} from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import { IconButton } from '../ui/IconButton.tsx';
import type { DeviceState } from '../visit/local-device.ts';
import type { Reading } from '../visit/reading.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import type { Opened } from './opened.ts';

interface Props {
  readonly visit: Visit;
  readonly meeting: RoomMeeting;
  readonly reading: Reading;
  readonly opened: Opened;
  /** What the keys do, the buttons do. */
  readonly keys: Readonly<Record<'m' | 'v' | 's' | 'c' | 'p' | 'd', () => void>>;
}

/** Everything one does in a room. */
export function ControlBar({ visit, meeting, reading, opened, keys }: Props): ReactElement {
  const microphone = useObservable(visit.microphone.state);
  const muted = useObservable(visit.microphoneMuted);
  const camera = useObservable(visit.camera.state);
  const screen = useObservable(visit.screen.state);
  const unread = useObservable(reading.unread);
  const others = useObservable(meeting.participants);
  const grants = useObservable(meeting.grants);
  const heard = isComing(microphone) && !muted;
  const seen = isComing(camera);
  const sharing = screen.kind === 'on';
  const { bar } = words;
  return (
    <nav className="bar" aria-label={bar.label}>
      {grants.includes('publish_microphone') && (
        <IconButton
          id="microphone"
          shortcut="m"
          look={heard ? 'round' : 'off'}
          label={heard ? bar.mute : bar.unmute}
          onClick={keys.m}
        >
          {heard ? <Mic /> : <MicOff />}
        </IconButton>
      )}
      {grants.includes('publish_camera') && (
        <IconButton
          id="camera"
          shortcut="v"
          look={seen ? 'round' : 'off'}
          label={seen ? bar.cameraOff : bar.cameraOn}
          onClick={keys.v}
        >
          {seen ? <Video /> : <VideoOff />}
        </IconButton>
      )}
      {canShare() && grants.includes('publish_screen') && (
        <IconButton
          id="screen"
          shortcut="s"
          look={sharing ? 'on' : 'round'}
          label={sharing ? bar.stopShare : bar.share}
          onClick={keys.s}
        >
          {sharing ? <MonitorX /> : <MonitorUp />}
        </IconButton>
      )}
      <IconButton
        id="devices"
        shortcut="d"
        label={bar.devices}
        expanded={opened === 'devices'}
        onClick={keys.d}
      >
        <Settings />
      </IconButton>
      <IconButton
        id="chat"
        shortcut="c"
        look={opened === 'chat' ? 'on' : 'round'}
        label={unread > 0 ? bar.unread(unread) : bar.chat}
        expanded={opened === 'chat'}
        badge={unread}
        onClick={keys.c}
      >
        <MessageSquare />
      </IconButton>
      <IconButton
        id="people"
        shortcut="p"
        look={opened === 'people' ? 'on' : 'round'}
        label={bar.peopleCount(others.length + 1)}
        expanded={opened === 'people'}
        onClick={keys.p}
      >
        <Users />
      </IconButton>
      <IconButton id="leave" look="danger" label={bar.leave} onClick={() => visit.leave()}>
        <PhoneOff />
      </IconButton>
    </nav>
  );
}

/** A press while the device is opening means the device that one will have. */
function isComing({ kind }: DeviceState): boolean {
  return kind === 'on' || kind === 'opening';
}

/** Phones' browsers share no screens, and insecure pages have no devices at all. */
function canShare(): boolean {
  return 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;
}
