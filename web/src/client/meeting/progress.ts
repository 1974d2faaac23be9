import type { MediaState } from './media.ts';
import type { MeetingState, Retry } from './types.ts';

/** Where one is with the server, apart from media. */
export type Phase =
  | Exclude<MeetingState, { kind: 'joined' | 'reconnecting' }>
  | { readonly kind: 'joined' }
  | (Retry & { readonly kind: 'reconnecting' });

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
