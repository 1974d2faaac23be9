import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { namespaceAddress } from './support/paths.ts';
import { BLUE, figure, RED } from './support/expect-media.ts';
import { Person } from './support/person.ts';
import { control, OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

const ROOM = 'capped';
/** The smallest of which Chromium sends three sizes; the lowest is 135 lines high. */
const LARGE = { width: 960, height: 540 };
/** The upper encodings start when the browser has seen bandwidth for them, some seconds after the first picture. */
const RAMP_UP_MS_MAX = 80_000;
/** A second is what is promised; a machine that does much else takes longer, and what it took is told. */
const FOLLOW_MS_MAX = 15_000;
/** How long the publisher's encodings are measured for, ms. */
const MEASURE_MS = 4_000;
/** What a publisher may send, of which browsers send several times as much by themselves, bit/s. */
const PUBLISHED_BPS = 200_000;
/** Below what the fewest frames of the smallest encoding take. */
const TOO_LITTLE_BPS = 20_000;

const video = `${OTHERS} video`;
const seen = `${OTHERS} .tile-seen`;

let server: Server;
let chrome: TestBrowser;
let gecko: TestBrowser;
let ann: Person;
let fritz: Person;
let vera: RoomPage;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  [chrome, gecko] = [await chromium(), await firefox()];
  ann = await Person.open(chrome, server.url, 'ann');
  await ann.join({ room: ROOM, color: RED, size: LARGE });
  await ann.showOnly([]);
  vera = await RoomPage.blank(chrome);
  await vera.page.setViewport({ width: 1280, height: 800 });
  const look = 'identity=vera&name=Vera&autojoin&camera=off&microphone=off';
  await vera.page.goto(`${server.url}/rooms/${ROOM}?${look}`);
  await vera.isIn();
  await vera.sees(1);
});

afterAll(async () => {
  await chrome.close();
  await gecko.close();
  expect(await server.stop(), server.log).toBe(0);
});

/** Caps somebody; null: as much as there is. */
const cap = (who: string, caps: Record<string, number | null>, room = ROOM): Promise<void> =>
  server.change(`/rooms/${room}/participants/${who}`, caps);

/** What Vera may be sent, bit/s. */
const capTo = (subscribe_max_bps: number | null): Promise<void> => cap('vera', { subscribe_max_bps });

/** Lines of Ann's picture on Vera's page. */
const height = (): Promise<number> => vera.page.$eval(video, (element) => element.videoHeight);

/** How Ann's tile stands on Vera's page. */
const tile = (): Promise<{ slot: string; picture: string; limited: string; label: string }> =>
  vera.page.$eval(OTHERS, (element) => ({
    slot: element.querySelector('video')?.dataset['slot'] ?? '',
    picture: element.querySelector('video')?.dataset['picture'] ?? '',
    limited: element.querySelector<HTMLElement>('.tile-seen')?.dataset['limited'] ?? '',
    label: element.querySelector('[data-control="seen"]')?.getAttribute('aria-label') ?? '',
  }));

/** What somebody's encodings take, bit/s, by their RIDs. */
async function rates(who: Person): Promise<ReadonlyMap<string, number>> {
  const sent = async (): Promise<[string, number][]> =>
    (await who.outbound('video')).map((stat) => [
      String(stat['rid']),
      8 * (figure(stat, 'bytesSent') + figure(stat, 'headerBytesSent')),
    ]);
  const [before, beganAtMs] = [new Map(await sent()), Date.now()];
  await sleep(MEASURE_MS);
  const after = await sent();
  const seconds = (Date.now() - beganAtMs) / 1000;
  return new Map(after.map(([rid, bits]) => [rid, (bits - (before.get(rid) ?? 0)) / seconds]));
}

/** Tells how long it took. */
async function follows<T>(
  what: string,
  ask: () => Promise<T>,
  enough: (answer: T) => boolean,
): Promise<void> {
  const beganAtMs = Date.now();
  await eventually(what, ask, enough, FOLLOW_MS_MAX);
  console.log(`${what} after ${Date.now() - beganAtMs} ms`);
}

async function comesBack(): Promise<void> {
  await capTo(null);
  await follows('the large picture is back', height, (lines) => lines === LARGE.height);
  await follows(
    'its tile says nothing of limits',
    tile,
    (shown) => shown.slot === 'live' && shown.picture === 'shown' && shown.limited === 'no',
  );
}

describe('a cap on what somebody is sent', () => {
  it('takes them to a smaller picture, whose tile says so, and its end brings the large one back', async () => {
    await eventually(
      'Vera is sent the large picture',
      height,
      (lines) => lines === LARGE.height,
      RAMP_UP_MS_MAX,
    );
    const isSteep = (bps: ReadonlyMap<string, number>): boolean =>
      (bps.get('f') ?? 0) > 2.5 * (bps.get('q') ?? 0);
    const measured = await eventually('Ann sends a large picture', () => rates(ann), isSteep, RAMP_UP_MS_MAX);
    const [q = 0, f = 0] = [measured.get('q'), measured.get('f')];
    console.log(
      `Ann sends ${[...measured].map(([rid, bps]) => `${rid} ${Math.round(bps)}`).join(', ')} bit/s`,
    );
    // Of what the cap allows some is kept for repeats and reports; the smallest must fit, and the largest must not.
    const limit = Math.round(Math.max(0.6 * f, 1.3 * q + 20_000));
    await capTo(limit);
    await follows(
      `under ${limit} bit/s a smaller picture`,
      height,
      (lines) => lines > 0 && lines < LARGE.height,
    );
    await follows('the mark of the limit', tile, (shown) => shown.slot === 'live' && shown.limited === 'cap');
    expect((await tile()).label).toMatch(/^ann’s picture is limited by the organiser/);
    await vera.page.click(`${seen} ${control('seen')}`);
    await vera.says(/Limited by the organiser to [\d.]+ [kM]bit\/s in all/);
    await vera.says(/All received\s*[\d.]+ of [\d.]+ [kM]bit\/s/);
    await vera.page.keyboard.press('Escape');
    await vera.gone('[data-panel="seen"]');
    await comesBack();
  });

  it('that is too little for the smallest pauses the picture, and its tile says why', async () => {
    await capTo(TOO_LITTLE_BPS);
    await follows(
      'the picture is paused',
      tile,
      ({ slot, picture }) => slot === 'paused' && picture === 'blank',
    );
    await vera.says(/Held back: the organiser limits how much you are sent/);
    expect(await vera.page.$(`${OTHERS} .tile-reason .spinner`)).toBeNull();
    await comesBack();
    await vera.gone(`${OTHERS} .tile-reason`);
  });
});

describe('a cap on what somebody sends', () => {
  it.each([
    ['Chromium', 'ann', () => ann, ROOM],
    ['Firefox', 'fritz', () => fritz, 'elsewhere'],
  ] as const)('is heeded by %s, and its end as well', async (name, identity, person, room) => {
    if (name === 'Firefox') {
      fritz = await Person.open(gecko, server.url, 'fritz');
      await fritz.join({ room, color: BLUE, size: LARGE });
    }
    const total = async (): Promise<number> =>
      [...(await rates(person())).values()].reduce((sum, bps) => sum + bps, 0);
    const isMuch = (bps: number): boolean => bps > 2 * PUBLISHED_BPS;
    await eventually(`${identity} sends what there is`, total, isMuch, RAMP_UP_MS_MAX);
    await cap(identity, { publish_max_bps: PUBLISHED_BPS }, room);
    await eventually(`${identity} heeds the cap`, total, (bps) => bps <= PUBLISHED_BPS, RAMP_UP_MS_MAX);
    await cap(identity, { publish_max_bps: null }, room);
    await eventually(`${identity} sends what there is again`, total, isMuch, RAMP_UP_MS_MAX);
  });
});
