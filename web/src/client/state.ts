import type { Problem } from './problem.ts';

/** Where one WHIP or WHEP link stands. */
export type LinkState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | {
      readonly kind: 'reconnecting';
      readonly attempt: number;
      /** The wait before this attempt, ms; 0 while an ICE restart runs over the same session. */
      readonly retryInMs: number;
      readonly problem: Problem;
    }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'ended'; readonly by: 'us' | 'server' };
