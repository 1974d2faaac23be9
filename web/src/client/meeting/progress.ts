import type { Problem } from '../problem.ts';
import type { MediaState } from './media.ts';
import type { MeetingState } from './types.ts';

/** Where one is with the server, apart from media. */
export type Phase =
  | Exclude<MeetingState, { kind: 'joined' | 'reconnecting' }>
  | { readonly kind: 'joined' }
  | {
      readonly kind: 'reconnecting';
      readonly attempt: number;
      readonly retryInMs: number;
      readonly problem: Problem;
    };

/** What a person is told of both. */
export function progress(phase: Phase, media: MediaState): MeetingState {
  switch (phase.kind) {
    case 'joined':
      return { kind: 'joined', media: media === 'none' ? 'connecting' : media };
    case 'reconnecting':
      return { ...phase, media: media === 'live' ? 'live' : 'lost' };
    case 'idle':
    case 'joining':
    case 'left':
    case 'failed':
      return phase;
  }
}
