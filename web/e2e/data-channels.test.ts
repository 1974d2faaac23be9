import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { RED } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Person } from './support/person.ts';
import { Server } from './support/server.ts';
import { eventually } from './support/wait.ts';

const MESSAGES = ['hello', 'Grüße, 世界', 'x'.repeat(16_000)];

let server: Server;
const browsers: TestBrowser[] = [];
let ann: Person;
let fox: Person;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  browsers.push(await chromium(), await firefox());
  const [chrome, gecko] = browsers;
  if (chrome === undefined || gecko === undefined) throw new Error('two browsers');
  ann = await Person.open(chrome, server.url, 'ann');
  fox = await Person.open(gecko, server.url, 'fox');
  await ann.join({ room: 'data', color: RED, pitch: 620 });
  await fox.join({ room: 'data' });
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe.each(['Chromium', 'Firefox'])('data channels in %s', (name) => {
  const person = (): Person => (name === 'Firefox' ? fox : ann);

  it('what goes to `echo` comes back, whole and in order', async () => {
    await person().openData('echo');
    for (const message of MESSAGES) await person().sendData('echo', message);
    await eventually(
      'the echo',
      () => person().data('echo'),
      (heard) => heard.length >= MESSAGES.length,
    );
    expect(await person().data('echo')).toEqual(MESSAGES);
  });

  it('who speaks comes over `events`', async () => {
    await person().openData('events');
    // Only changes are told.
    const told = async (speaking: boolean): Promise<void> => {
      await eventually(
        `ann ${speaking ? 'speaks' : 'is silent'}`,
        async () => (await person().data('events')).at(-1) ?? '',
        (event) => event.includes('"speakers"') && event.includes('"speaking":["ann"]') === speaking,
      );
    };
    await ann.setMuted('microphone', true);
    await told(false);
    await ann.setMuted('microphone', false);
    await told(true);
  });

  it('costs no offer', async () => {
    expect(await person().negotiations()).toBe(1);
  });
});
