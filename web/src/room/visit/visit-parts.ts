import type { DeviceList } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';
import type { LocalDevice } from './local-device.ts';
import type { MeetingFactory } from './room-meeting.ts';
import type { ScreenShare } from './screen-share.ts';

/** What a visit is made of; what is not given is the browser's own. */
export interface VisitParts {
  readonly createMeeting: MeetingFactory;
  readonly options: LinkOptions;
  /** What lets one in. */
  readonly token?: string | undefined;
  readonly camera?: LocalDevice;
  readonly microphone?: LocalDevice;
  readonly screen?: ScreenShare;
  readonly devices?: Pick<DeviceList, 'devices' | 'refresh' | 'close'>;
}
