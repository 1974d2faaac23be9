/** What of an address is for the server alone: browsers send no fragment, so no proxy and no log has it. */
const FRAGMENT = /^#token=([\w.-]+)$/;

/** What this needs of a window. */
export interface Place {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState'>;
  readonly sessionStorage: Pick<Storage, 'getItem' | 'setItem'> | null;
}

/**
 * The token that lets one into `room`: from the link (`#token=…`), out of which it is taken, so that it is not passed on with
 * the address; or the one that this tab has come by before.
 */
export function passFor(room: string, place: Place): string | undefined {
  const { location, history } = place;
  const [, token] = FRAGMENT.exec(location.hash) ?? [];
  if (token === undefined) return remembered(room, place);
  keepPass(room, token, place);
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Keeps a token for as long as the tab lives. */
export function keepPass(
  room: string,
  token: string,
  { sessionStorage }: Pick<Place, 'sessionStorage'>,
): void {
  try {
    sessionStorage?.setItem(key(room), token);
  } catch {
    // A full or refused storage costs the token at a reload, no more.
  }
}

function remembered(room: string, { sessionStorage }: Place): string | undefined {
  try {
    return sessionStorage?.getItem(key(room)) ?? undefined;
  } catch {
    return undefined;
  }
}

function key(room: string): string {
  return `token ${room}`;
}
