import { ProblemError, type Outlook, type Problem } from '../problem.ts';
import type { ErrorCode } from '../wire.ts';

/** The server refused a request; it changed nothing. */
export class RequestError extends ProblemError {
  readonly code: ErrorCode;
  /** Where in the request, as in `slots[2].height`. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, field?: string) {
    const detail = adviceOf(code) ?? (field === undefined ? message : `${message} (${field})`);
    super({ title: titleOf(code), detail }, outlookOf(code));
    this.name = 'RequestError';
    this.code = code;
    this.field = field;
  }
}

export const SOCKET_LOST: Problem = {
  title: 'The connection to the server was lost',
  detail: 'It is tried again until it is back. Is this device online?',
};
export const UNREACHABLE: Problem = {
  title: 'The server cannot be reached',
  detail: 'The server gives no answer. Is it running, and is this device online?',
};
export const NO_ANSWER: Problem = {
  title: 'The server took too long to answer',
  detail: 'The request may or may not have been carried out.',
};
export const NOT_IN_ROOM: Problem = {
  title: 'Not in the room',
  detail: 'This needs a connection to the room, and there is none now.',
};
export const NO_MEDIA_PATH: Problem = {
  title: 'Sound and pictures cannot get through',
  detail: 'The server answered, but no media packet came back. A firewall may block UDP to its media port.',
};
export const DRAINING: Problem = {
  title: 'The server is restarting',
  detail: 'The room is joined again as soon as the server is back.',
};

/** Whether a request failed for want of a socket: whoever brings the next one asks again. */
export function waitsForSocket(error: unknown): boolean {
  if (!(error instanceof ProblemError) || error instanceof RequestError) return false;
  return error.problem !== NO_ANSWER;
}

function titleOf(code: ErrorCode): string {
  switch (code) {
    case 'malformed':
    case 'invalid_field':
    case 'unknown_type':
    case 'out_of_order':
      return 'The server did not understand a request';
    case 'unsupported_version':
      return 'This page and the server are of different versions: load the page again';
    case 'unauthorized':
      return 'This room needs an invitation';
    case 'token_expired':
      return 'Your invitation has run out';
    case 'forbidden':
      return 'Your invitation does not allow this';
    case 'identity_taken':
      return 'Somebody here already has this identity';
    case 'resume_failed':
      return 'The earlier place in the room is gone';
    case 'bad_sdp':
      return 'This browser and the server could not agree on media';
    case 'not_found':
      return 'What the request is about is not there';
    case 'too_large':
      return 'This is too large';
    case 'too_many':
      return 'Too many requests';
    case 'unavailable':
      return 'The server takes nobody in now';
    case 'internal':
      return 'The server had a fault';
  }
}

/** What a person may do, where the server speaks to whoever wrote the program. */
function adviceOf(code: ErrorCode): string | undefined {
  if (code === 'unauthorized') return 'Ask whoever invited you for a link that lets you in.';
  if (code === 'token_expired') return 'Ask whoever invited you for a new link.';
  return undefined;
}

function outlookOf(code: ErrorCode): Outlook {
  switch (code) {
    case 'too_many':
    case 'unavailable':
    case 'internal':
      return 'temporary';
    case 'malformed':
    case 'invalid_field':
    case 'unknown_type':
    case 'out_of_order':
    case 'unsupported_version':
    case 'unauthorized':
    case 'token_expired':
    case 'forbidden':
    case 'identity_taken':
    case 'resume_failed':
    case 'bad_sdp':
    case 'not_found':
    case 'too_large':
      return 'permanent';
  }
}
