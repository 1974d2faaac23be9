import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceAddress } from './support/paths.ts';
import { allAt, Crowd, type Name } from './support/people.ts';
import { Server } from './support/server.ts';
import { flowedOn, moment } from './support/streams.ts';
import { sleep } from './support/wait.ts';

const ROOM = 'behind-a-firewall';
const WATCH_MS = 8_000;
/** From whom nothing over UDP gets to the server: two in Chromium, one in Firefox. */
const WITHOUT_UDP: readonly Name[] = ['ann', 'cy', 'fox'];

/** Takes in what a firewall would drop: nothing comes back, not even that nobody is there. */
let hole: Socket;
let server: Server;
let crowd: Crowd;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  hole = createSocket('udp4');
  await new Promise<void>((bound) => hole.bind(0, namespaceAddress(), bound));
  crowd = await Crowd.gather(allAt(server.url));
});

afterAll(async () => {
  await crowd.close();
  hole.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('people whom no UDP reaches, and one whom it does', () => {
  it('join, and see and hear each other', async () => {
    const udpHole = hole.address().port;
    for (const name of WITHOUT_UDP) await crowd.join(name, ROOM, { udpHole });
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
