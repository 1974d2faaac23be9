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
  history.replaceState(null, '', location.pathname + location.search);
  keepPass(room, token, place);
  return token;
}

/** Keeps a token for as long as the tab lives. */
export function keepPass(room: string, token: string, place: Pick<Place, 'sessionStorage'>): void {
  try {
    // Reading the property alone throws where a person blocks the site's data.
    place.sessionStorage?.setItem(key(room), token);
  } catch {
    // A full or refused storage costs the token at a reload, no more.
  }
}

function remembered(room: string, place: Place): string | undefined {
  try {
    return place.sessionStorage?.getItem(key(room)) ?? undefined;
  } catch {
    return undefined;
  }
}

function key(room: string): string {
  return `token ${room}`;
}
