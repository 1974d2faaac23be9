const LINE = /\r?\n/;

/** The body of an ICE restart by PATCH: our new credentials, for the bundle's first section (RFC 8840, RFC 9725 §4.3.3). */
export function restartFragment(localSdp: string): string {
  const lines = localSdp.split(LINE);
  const wanted = ['a=ice-ufrag:', 'a=ice-pwd:', 'a=group:BUNDLE', 'm=', 'a=mid:'].map((prefix) => {
    const line = lines.find((candidate) => candidate.startsWith(prefix));
    if (line === undefined) throw new Error(`The local description has no ${prefix} line`);
    return line;
  });
  const [ufrag, pwd, group, media, mid] = wanted;
  const section = mediaSection(lines, media ?? '').filter((line) => line.startsWith('a=candidate:'));
  return [group, media, mid, ufrag, pwd, ...section, ''].join('\r\n');
}

/** The earlier answer with the server's new credentials, and its candidates if it names any. */
export function applyRestart(remoteSdp: string, fragment: string): string {
  const news = fragment.split(LINE);
  const ufrag = news.find((line) => line.startsWith('a=ice-ufrag:'));
  const pwd = news.find((line) => line.startsWith('a=ice-pwd:'));
  if (ufrag === undefined || pwd === undefined) {
    throw new Error('The answer to the ICE restart has no credentials');
  }
  const candidates = news.filter((line) => line.startsWith('a=candidate:'));
  const lines: string[] = [];
  for (const line of remoteSdp.split(LINE)) {
    if (line.startsWith('a=ice-ufrag:')) lines.push(ufrag);
    else if (line.startsWith('a=ice-pwd:')) lines.push(pwd, ...candidates);
    else if (candidates.length === 0 || !line.startsWith('a=candidate:')) lines.push(line);
  }
  return lines.join('\r\n');
}

function mediaSection(lines: readonly string[], media: string): string[] {
  const start = lines.indexOf(media);
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('m='));
  return lines.slice(start, length < 0 ? undefined : start + 1 + length);
}
