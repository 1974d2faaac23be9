import { byId, setText } from './dom.ts';
import { readParams, watchLink } from './params.ts';
import { PublishPanel } from './publish-panel.ts';
import { WatchPanel } from './watch-panel.ts';

/** How long "Copied" stays, ms. */
const COPIED_MS = 2000;

const params = readParams(new URL(location.href), Math.random);
const room = byId('room', HTMLInputElement);
room.value = params.room;
byId('identity', HTMLInputElement).value = params.identity;

const roomName = (): string => room.value.trim() || params.room;

if (typeof RTCPeerConnection === 'undefined') {
  notice('This browser cannot do this', 'It has no WebRTC. Any current Chrome, Edge, Firefox or Safari has.');
  byId('room-page', HTMLElement).hidden = true;
} else {
  run();
}

function run(): void {
  const active = { watch: 'down', publish: 'down' };
  const lockRoom = (): void => {
    room.disabled = active.watch === 'up' || active.publish === 'up';
    room.title = room.disabled ? 'Stop watching and publishing to change the room' : '';
  };
  const watch = new WatchPanel(
    () => ({ room: roomName(), watch: params.watch }),
    params.slots,
    (state) => {
      active.watch = state;
      lockRoom();
    },
  );
  const publish = new PublishPanel(
    () => ({ room: roomName(), codec: params.codec, simulcast: params.simulcast }),
    (state) => {
      // One's own voice would come back from the room.
      if (state === 'up' && active.publish === 'down') watch.setSound('off');
      active.publish = state;
      lockRoom();
    },
  );
  // `mediaDevices` is absent, against its type, where the page is not secure.
  if (!isSecureContext || !('mediaDevices' in navigator)) {
    notice(
      'Publishing needs a secure page',
      'Browsers give camera and microphone to https:// and to localhost alone. Watching works here.',
    );
    byId('publish', HTMLButtonElement).disabled = true;
  }
  room.addEventListener('input', () => {
    history.replaceState(null, '', `${location.pathname}#${encodeURIComponent(roomName())}`);
    watch.draw();
    title();
  });
  byId('where', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    if (!room.disabled) watch.start();
  });
  byId('copy', HTMLButtonElement).addEventListener('click', () => void copyLink());
  title();
  afterLoad(() => {
    if (params.role === 'watch') watch.start();
    if (params.role === 'publish') void publish.start();
  });
}

/** A media element without media holds the load event back, and the tab would seem to load until somebody publishes. */
function afterLoad(action: () => void): void {
  if (document.readyState === 'complete') action();
  else window.addEventListener('load', action, { once: true });
}

function title(): void {
  document.title = `${roomName()} · room`;
}

async function copyLink(): Promise<void> {
  const label = byId('copy-label', HTMLElement);
  const link = watchLink(new URL(location.href), roomName());
  try {
    await navigator.clipboard.writeText(link);
    setText(label, 'Copied');
  } catch {
    notice('Copy this link', link);
    return;
  }
  setTimeout(() => setText(label, 'Copy link'), COPIED_MS);
}

function notice(heading: string, text: string): void {
  setText(byId('notice-title', HTMLElement), heading);
  setText(byId('notice-text', HTMLElement), text);
  byId('notice', HTMLElement).hidden = false;
}
