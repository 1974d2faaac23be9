/** What went wrong, in words for a person: an RFC 9457 problem document, or its like made on this side. */
export interface Problem {
  readonly title: string;
  readonly detail: string;
  /** The HTTP status; absent when no answer came. */
  readonly status?: number;
}

/** Whether the same request may succeed later without anybody changing anything. */
export type Outlook = 'temporary' | 'permanent';

export class ProblemError extends Error {
  readonly problem: Problem;
  readonly outlook: Outlook;
  /** How long the server asked to wait (`Retry-After`), ms. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, outlook: Outlook, retryAfterMs?: number) {
    super(describe(problem));
    this.name = 'ProblemError';
    this.problem = problem;
    this.outlook = outlook;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A body that is no problem document is quoted up to this many characters. */
const QUOTE_CHARS_MAX = 300;

/** Reads why the server refused. */
export async function problemFromResponse(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '');
  const problem = isProblemJson(response) ? parseDocument(text, response) : undefined;
  return new ProblemError(
    problem ?? fallback(text, response),
    outlookOf(response.status),
    retryAfter(response.headers.get('retry-after')),
  );
}

/** Makes a problem of whatever was thrown; a failed `fetch` means that no server answered. */
export function problemFromError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
    return new ProblemError(
      {
        title: 'The server cannot be reached',
        detail: 'The server gives no answer. Is it running, and is this device online?',
      },
      'temporary',
    );
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new ProblemError({ title: 'The server took too long to answer', detail: '' }, 'temporary');
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new ProblemError({ title: 'The connection could not be set up', detail }, 'permanent');
}

export function describe(problem: Problem): string {
  const status = problem.status === undefined ? '' : ` (${problem.status})`;
  const detail = problem.detail === '' ? '' : `: ${problem.detail}`;
  return `${problem.title}${status}${detail}`;
}

function isProblemJson(response: Response): boolean {
  return /^application\/(problem\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

function parseDocument(text: string, response: Response): Problem | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const title = 'title' in document && typeof document.title === 'string' ? document.title : '';
  const detail = 'detail' in document && typeof document.detail === 'string' ? document.detail : '';
  if (title === '' && detail === '') return undefined;
  return { title: title === '' ? refusal(response) : title, detail, status: response.status };
}

function fallback(text: string, response: Response): Problem {
  const html = /^\s*</.test(text);
  return {
    title: refusal(response),
    detail: html ? '' : text.trim().slice(0, QUOTE_CHARS_MAX),
    status: response.status,
  };
}

function refusal(response: Response): string {
  return response.statusText === '' ? 'The server refused the request' : response.statusText;
}

function outlookOf(status: number): Outlook {
  return status >= 500 || status === 408 || status === 425 || status === 429 ? 'temporary' : 'permanent';
}

function retryAfter(header: string | null): number | undefined {
  if (header === null || !/^\d+$/.test(header.trim())) return undefined;
  return Number(header) * 1000;
}
