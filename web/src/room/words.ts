import type { LinkState, Problem } from '../client/index.ts';

/** How a status looks: its colour, never the only sign of it. */
export type Tone = 'calm' | 'busy' | 'good' | 'bad';

export interface Words {
  readonly tone: Tone;
  readonly text: string;
}

/** What the stage says where no picture is. */
export interface Empty {
  readonly title: string;
  readonly text: string;
  readonly spinner: boolean;
}

/** What stands between a person and their upload; the link has its own states. */
export type PublishState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'refused'; readonly title: string; readonly cure: string }
  | { readonly kind: 'link'; readonly link: LinkState };

export function publishWords(state: PublishState): Words {
  switch (state.kind) {
    case 'idle':
      return { tone: 'calm', text: 'Not publishing' };
    case 'asking':
      return { tone: 'busy', text: 'Waiting for your permission' };
    case 'refused':
      return { tone: 'bad', text: 'Not publishing' };
    case 'link':
      return linkWords(state.link, 'Publishing', 'Not publishing');
  }
}

export function watchWords(link: LinkState, publishers: number): Words {
  if (link.kind === 'live' && publishers === 0) return { tone: 'busy', text: 'Waiting for a publisher' };
  const live = publishers === 1 ? 'Live, 1 publisher' : `Live, ${publishers} publishers`;
  return linkWords(link, live, 'Not watching');
}

export function stageEmpty(link: LinkState, room: string): Empty {
  switch (link.kind) {
    case 'idle':
      return {
        title: `Nothing is playing`,
        text: `Watch to see everyone who publishes in “${room}”, or publish and let others watch you.`,
        spinner: false,
      };
    case 'connecting':
      return { title: 'Connecting', text: `Opening “${room}”.`, spinner: true };
    case 'live':
      return {
        title: `Nobody is publishing in “${room}” yet`,
        text: 'It starts here by itself as soon as somebody does.',
        spinner: true,
      };
    case 'reconnecting':
      return { title: 'Reconnecting', text: retryText(link), spinner: true };
    case 'failed':
      return { title: link.problem.title, text: problemText(link.problem), spinner: false };
    case 'ended':
      return link.by === 'us'
        ? { title: 'You stopped watching', text: 'Watch again whenever you like.', spinner: false }
        : { title: 'The server ended this', text: 'Watch again to come back.', spinner: false };
  }
}

/** The message under the publisher's preview, if there is something to say. */
export function publishMessage(state: PublishState): { title: string; text: string } | undefined {
  switch (state.kind) {
    case 'idle':
    case 'asking':
      return undefined;
    case 'refused':
      return { title: state.title, text: state.cure };
    case 'link':
      return linkMessage(state.link);
  }
}

export function problemText(problem: Problem): string {
  const status = problem.status === undefined ? '' : `Status ${problem.status}.`;
  return [problem.detail, status].filter((part) => part !== '').join(' ');
}

function linkMessage(link: LinkState): { title: string; text: string } | undefined {
  switch (link.kind) {
    case 'failed':
      return { title: link.problem.title, text: problemText(link.problem) };
    case 'reconnecting':
      return { title: link.problem.title, text: retryText(link) };
    case 'ended':
      return link.by === 'us'
        ? undefined
        : {
            title: 'The server ended your publication',
            text: 'Somebody else may have published under the same name. Publish again to take it back.',
          };
    case 'idle':
    case 'connecting':
    case 'live':
      return undefined;
  }
}

function linkWords(link: LinkState, live: string, off: string): Words {
  switch (link.kind) {
    case 'idle':
      return { tone: 'calm', text: off };
    case 'connecting':
      return { tone: 'busy', text: 'Connecting' };
    case 'live':
      return { tone: 'good', text: live };
    case 'reconnecting':
      return {
        tone: 'busy',
        text: link.attempt > 1 ? `Reconnecting, attempt ${link.attempt}` : 'Reconnecting',
      };
    case 'failed':
      return { tone: 'bad', text: 'Refused' };
    case 'ended':
      return { tone: 'calm', text: link.by === 'us' ? off : 'Ended by the server' };
  }
}

function retryText(link: Extract<LinkState, { kind: 'reconnecting' }>): string {
  const detail = link.problem.detail;
  if (link.retryInMs === 0) return `${detail} Trying another path.`.trim();
  const seconds = Math.max(1, Math.round(link.retryInMs / 1000));
  return `${detail} Trying again in ${seconds} s.`.trim();
}
