import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceAddress } from './support/paths.ts';
import { allAt, Crowd, type Name } from './support/people.ts';
import { Server } from './support/server.ts';
import { flowedOn, moment } from './support/streams.ts';
import { sleep } from './support/wait.ts';

const ROOM = 'behind-a-firewall';
const WATCH_MS = 10_000;
/** Whose answer holds no candidate over UDP: two in Chromium, one in Firefox. */
const WITHOUT_UDP: readonly Name[] = ['ann', 'cy', 'fox'];

let server: Server;
let crowd: Crowd;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  crowd = await Crowd.gather(allAt(server.url));
}, 120_000);

afterAll(async () => {
  await crowd.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('people whom no UDP reaches, and one whom it does', () => {
  it('join, and see and hear each other', async () => {
    for (const name of WITHOUT_UDP) await crowd.join(name, ROOM, { withoutUdp: true });
    await crowd.join('ben', ROOM);
    await crowd.seeAndHear();
  });

  it('are connected over TCP, and over UDP where that can be had', async () => {
    for (const name of WITHOUT_UDP) {
      expect((await crowd.person(name).way())?.protocols, name).toEqual(['tcp', 'tcp']);
    }
    expect((await crowd.person('ann').way())?.tcpType).toBe('active');
    expect((await crowd.person('ben').way())?.protocols).toEqual(['udp', 'udp']);
    expect(await server.metric('sfu_tcp_received_datagrams_total')).toBeGreaterThan(1_000);
  });

  it('go on without a freeze', async () => {
    await crowd.seeAndHear();
    const before = await moment(crowd.all);
    await sleep(WATCH_MS);
    await crowd.seeAndHear();
    flowedOn(before, await moment(crowd.all));
    expect(await server.metric('sfu_tcp_dropped_sends_total')).toBe(0);
    expect(await server.metric('sfu_panics_total')).toBe(0);
  });
});
