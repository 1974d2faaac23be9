import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromium, injectPerson, type TestBrowser } from './support/browser.ts';
import { VIOLET } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { allAt, Crowd, LOOKS, NAMES, type Name } from './support/people.ts';
import { Person } from './support/person.ts';
import { Relay } from './support/relay.ts';
import { Server } from './support/server.ts';
import { flowedOn, moment } from './support/streams.ts';
import { TcpGate } from './support/tcp-gate.ts';
import { comesToRest, eventually, sleep } from './support/wait.ts';

const ROOM = 'goes-on';
/** The bar, ms: how long it takes the others to know that a tab is gone. A machine that does much else knows it later. */
const GONE_MS = 12_000;
const GONE_MS_MAX = 2 * GONE_MS;
/** How long streams are watched when somebody was seen to be gone, ms. */
const AFTERWARDS_MS = 3_000;
/** Some pictures, so that a stream is seen to run. */
const FRAMES = 15;

let server: Server;
let gate: TcpGate;
let relay: Relay;
let crowd: Crowd;

// Cy's HTTP goes through the gate and ben's media through the relay.
beforeAll(async () => {
  const address = namespaceAddress();
  server = await Server.start({ address, shards: 1 });
  gate = await TcpGate.start(address, server.httpPort);
  relay = await Relay.start(server);
  crowd = await Crowd.gather({ ...allAt(server.url), cy: gate.url });
  for (const name of NAMES) await crowd.join(name, ROOM, name === 'ben' ? { relayPort: relay.port } : {});
  await crowd.seeAndHear();
});

afterAll(async () => {
  await crowd.close();
  gate.close();
  await relay.close();
  expect(await server.stop(), server.log).toBe(0);
});

const person = (name: Name): Person => crowd.person(name);
const others = (name: Name): Person[] => crowd.all.filter((one) => one.name !== name);

/** Waits until some more pictures of `who` were decoded here. */
async function goesOn(viewer: Person, who: Name): Promise<void> {
  const decoded = (): Promise<number> => viewer.received(who, 'video', 'framesDecoded');
  const before = await decoded();
  await eventually(`${who} goes on at ${viewer.name}`, decoded, (frames) => frames > before + FRAMES);
}

describe('without another offer', () => {
  let before: number[];
  const offers = (): Promise<number[]> => Promise.all(crowd.all.map((one) => one.negotiations()));

  beforeAll(async () => {
    before = await offers();
  });

  afterEach(async () => {
    expect(await offers()).toEqual(before);
  });

  it('a microphone is muted and heard again', async () => {
    for (const name of ['ann', 'fox'] as const) {
      await person(name).setMuted('microphone', true);
      for (const other of others(name)) {
        await other.knows(name, 'is muted', ({ tracks }) =>
          tracks.some(({ source, muted }) => source === 'microphone' && muted),
        );
        await other.hears(name, 0);
      }
      await person(name).setMuted('microphone', false);
      for (const other of others(name)) await other.hears(name, LOOKS[name].pitch);
    }
  });

  it('a camera is taken away and given back', async () => {
    for (const name of ['ann', 'fox'] as const) {
      await person(name).camera(null);
      for (const other of others(name)) {
        const decoded = (): Promise<number> => other.received(name, 'video', 'framesDecoded');
        await comesToRest(`${name}'s pictures at ${other.name}`, decoded, 500);
      }
      await person(name).camera(LOOKS[name].color);
      for (const other of others(name)) {
        await goesOn(other, name);
        await other.sees(name, LOOKS[name].color);
      }
    }
  });

  it('a camera and a microphone give way to others', async () => {
    const ann = person('ann');
    const then = await moment(crowd.all);
    await ann.camera(VIOLET);
    await ann.microphone(1500);
    for (const other of others('ann')) {
      await other.sees('ann', VIOLET);
      await other.hears('ann', 1500);
    }
    await ann.camera(LOOKS.ann.color);
    await ann.microphone(LOOKS.ann.pitch);
    await crowd.seeAndHear();
    const ssrcs = ({ readings }: typeof then): unknown[] => readings.map(({ video }) => video['ssrc']);
    expect(ssrcs(await moment(crowd.all))).toEqual(ssrcs(then));
  });

  it('media flows on for 5 s without the socket, and what was said meanwhile is caught up', async () => {
    const cy = person('cy');
    await person('ann').sendChat('before');
    await eventually(
      'cy reads',
      () => cy.chat(),
      (texts) => texts.includes('before'),
    );
    const then = await moment(crowd.all);

    gate.shut();
    const cut = Date.now();
    await person('ann').knows('cy', 'is unstable', ({ presence }) => presence === 'unstable');
    await person('ann').sendChat('meanwhile');
    await person('ben').sendChat('and more');
    await eventually(
      'cy knows',
      () => cy.state(),
      ({ kind }) => kind === 'reconnecting',
    );
    await sleep(Math.max(0, 5_000 - (Date.now() - cut)));
    gate.reopen();

    await cy.isLive();
    await person('ann').knows('cy', 'is present', ({ presence }) => presence === 'present');
    await eventually(
      'cy caught up',
      () => cy.chat(),
      (texts) => texts.join() === 'before,meanwhile,and more',
    );
    flowedOn(then, await moment(crowd.all));
    for (const other of others('cy')) expect(await other.history()).not.toContain('-cy');
  });
});

describe('with an offer of one', () => {
  it('media comes back by an ICE restart that the server asks for', async () => {
    const ben = person('ben');
    const bystanders = crowd.all.filter((one) => one !== ben);
    const then = await moment(bystanders);
    const offers = await ben.negotiations();
    await relay.change('both blackout');
    await eventually(
      'ben’s silence is answered by another offer',
      () => ben.negotiations(),
      (count) => count > offers,
      40_000,
    );
    await relay.change('both clear');
    await ben.isLive(40_000);
    await Promise.all(others('ben').map((other) => goesOn(other, 'ben')));
    await crowd.seeAndHear();
    expect(await ben.connections()).toBe(1);
    flowedOn(then, await moment(bystanders));
  });

  it('a page is loaded anew: it comes back under its name, and left at most once', async () => {
    const ann = person('ann');
    const bystanders = crowd.all.filter((one) => one !== ann);
    const then = await moment(bystanders);
    const [before] = await Promise.all([person('ben').history()]);
    await injectPerson(ann.page, server.url);
    await crowd.join('ann', ROOM);
    await crowd.seeAndHear();
    const news = (await person('ben').history()).slice(before.length);
    expect(news.filter((event) => event === '-ann').length, news.join()).toBeLessThanOrEqual(1);
    flowedOn(then, await moment(bystanders));
  });
});

describe('somebody whose browser is no more', () => {
  let doomed: TestBrowser | undefined;

  afterAll(async () => {
    await doomed?.close();
  });

  it.each([
    ['its tab is closed', (guest: Person) => guest.page.close({ runBeforeUnload: false })],
    ['its process is killed', () => doomed?.browser.process()?.kill('SIGKILL')],
  ])('is gone for the others: %s', async (_, end) => {
    doomed ??= await chromium();
    const guest = await Person.open(doomed, server.url, 'guest');
    await guest.join({ room: ROOM, color: VIOLET, pitch: 1300 });
    for (const one of crowd.all) await one.sees('guest', VIOLET);
    const then = await moment(crowd.all);
    await end(guest);
    const ended = Date.now();
    await Promise.all(
      crowd.all.map((one) =>
        one.isWith(
          NAMES.filter((name) => name !== one.name),
          GONE_MS_MAX,
        ),
      ),
    );
    console.log(`gone for the others within ${Date.now() - ended} ms; the bar is ${GONE_MS}`);
    await sleep(AFTERWARDS_MS);
    flowedOn(then, await moment(crowd.all));
  });
});
