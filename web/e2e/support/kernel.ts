import { readFileSync } from 'node:fs';

/**
 * How many datagrams this network namespace threw away because a program did not fetch them in time: a browser that waits for a
 * core loses what its socket cannot hold.
 */
export function datagramsDropped(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  const column = names?.indexOf('RcvbufErrors') ?? -1;
  return Number(values?.[column] ?? 0);
}
