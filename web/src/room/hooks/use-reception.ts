import { useEffect, useState } from 'react';
import { ReceptionMeter, type Received } from '../../client/index.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';

/** What comes in a slot, a reading a second, the last minute of it, oldest first. */
export function useReception({ peer, limit }: RoomMeeting, mid: string): readonly Received[] {
  const [minute, setMinute] = useState<readonly Received[]>([]);
  useEffect(() => {
    const meter = new ReceptionMeter(peer, limit, mid);
    const stop = meter.minute.subscribe(setMinute);
    return () => {
      stop();
      meter.close();
    };
  }, [peer, limit, mid]);
  return minute;
}
