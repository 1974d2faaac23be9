import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromium, type TestBrowser } from './support/browser.ts';
import { BLUE, RED } from './support/expect-media.ts';
import { Person } from './support/person.ts';
import { garbage, RawClient } from './support/raw-client.ts';
import { Server } from './support/server.ts';
import { flowedOn, moment, type Moment } from './support/streams.ts';

const ROOM = 'abused';
/** What a flood holds: far more than a person types or a client asks. */
const FLOOD = 20_000;

let server: Server;
let browser: TestBrowser;
let ann: Person;
let ben: Person;
let before: Moment;
const clients: RawClient[] = [];

beforeAll(async () => {
  server = await Server.start();
  browser = await chromium();
  ann = await Person.open(browser, server.url, 'ann');
  ben = await Person.open(browser, server.url, 'ben');
  await ann.join({ room: ROOM, color: RED, pitch: 620 });
  await ben.join({ room: ROOM, color: BLUE, pitch: 810 });
  await ann.sees('ben', BLUE);
  await ben.sees('ann', RED);
  await ann.hears('ben', 810);
  await ben.hears('ann', 620);
  before = await moment([ann, ben]);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(async () => {
  await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

async function open(): Promise<RawClient> {
  const client = await RawClient.open(server.url, ROOM);
  clients.push(client);
  return client;
}

const join = { id: 1, type: 'join', version: 1, name: 'mallory' };

describe('a meeting beside somebody who', () => {
  it.each([
    ['sends no JSON', 'hello', 'malformed', undefined],
    ['sends JSON that is no request', '[1,2,3]', 'malformed', undefined],
    ['asks for what there is not', JSON.stringify({ id: 7, type: 'sing' }), 'unknown_type', undefined],
    [
      'speaks a version that nobody speaks',
      JSON.stringify({ ...join, version: 99 }),
      'unsupported_version',
      undefined,
    ],
    ['has no name', JSON.stringify({ ...join, name: '' }), 'invalid_field', 'name'],
    [
      'offers before joining',
      JSON.stringify({ id: 3, type: 'offer', sdp: 'v=0', tracks: [], fresh: true }),
      'out_of_order',
      undefined,
    ],
    ['chats before joining', JSON.stringify({ id: 4, type: 'chat', text: 'hi' }), 'out_of_order', undefined],
  ])('%s goes on, and gets a clear error', async (what, message, code, field) => {
    const client = await open();
    client.send(message);
    const error = await client.refused(what);
    expect(error?.code, JSON.stringify(error)).toBe(code);
    expect(error?.message.length, JSON.stringify(error)).toBeGreaterThan(10);
    if (field !== undefined) expect(error?.field).toBe(field);
  });

  it.each([
    ['offers what is no SDP', { id: 9, type: 'offer', sdp: 'hello', tracks: [], fresh: true }, 'bad_sdp'],
    ['joins twice', { ...join, id: 9 }, 'out_of_order'],
    [
      'lays out slots before there are any',
      { id: 9, type: 'layout', slots: [{ mid: '0', track: '0@ann', height: 90, priority: 0 }] },
      'out_of_order',
    ],
    ['mutes what it does not send', { id: 9, type: 'mute', mid: '99', muted: true }, 'out_of_order'],
    ['takes another’s name', undefined, 'identity_taken'],
  ] as const)('%s, joined, goes on, and gets a clear error', async (what, message, code) => {
    const client = await open();
    if (message === undefined) client.say({ ...join, identity: 'ann' });
    else {
      await client.join('mallory');
      client.say(message);
    }
    const error = await client.refused(what);
    expect(error?.code, JSON.stringify(error)).toBe(code);
    expect(error?.message.length, JSON.stringify(error)).toBeGreaterThan(10);
    expect(error?.id).toBe(message?.id ?? 1);
  });

  it('sends far too much at once goes on', async () => {
    const client = await open();
    await client.join('mallory');
    client.say({ id: 5, type: 'chat', text: 'x'.repeat(8_000_000) });
    const error = await client.refused('8 MB');
    // Said in words, or by RFC 6455's code for it.
    expect(
      error?.code === 'too_large' || client.closed?.code === 1009,
      JSON.stringify([error, client.closed]),
    ).toBe(true);
  });

  it('sends bytes goes on', async () => {
    const client = await open();
    client.send(new Uint8Array([0, 255, 1, 254]));
    const error = await client.refused('binary');
    expect(error?.code, JSON.stringify([error, client.closed])).toBe('malformed');
    await client.join('mallory');
    expect(client.closed).toBeUndefined();
  });

  it('breaks the framing goes on', async () => {
    // Unmasked, reserved bits set, and a length of 2⁶³ − 1.
    await garbage(
      server.url,
      ROOM,
      new Uint8Array([0xff, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    );
  });

  it('floods goes on, and is told so', async () => {
    const client = await open();
    await client.join('mallory');
    for (let id = 2; id < FLOOD && client.closed === undefined; id += 1) client.say({ id, type: 'ping' });
    const error = await client.refused('a flood');
    expect(error?.code, JSON.stringify([error, client.closed])).toBe('too_many');
  });

  it('opens sockets and says nothing goes on', async () => {
    for (let i = 0; i < 50; i += 1) await open();
  });

  it('did all this lost nobody, broke no stream and made no offer', async () => {
    await ann.isWith(['ben']);
    await ben.isWith(['ann']);
    flowedOn(before, await moment([ann, ben]));
    await ann.sees('ben', BLUE);
    await ben.hears('ann', 620);
  });
});
