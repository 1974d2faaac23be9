import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type TestBrowser } from './browser.ts';
import { eventually } from './wait.ts';

const run = promisify(execFile);

const OUR_ADDRESS = '10.78.0.1';
const ITS_ADDRESS = '10.78.0.2';

/**
 * Another machine on the network: a network namespace with a cable to the tests' own, and nothing else. What listens on loopback
 * alone is not there for it.
 */
export class Phone {
  readonly #machine: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sfu-phone-'));

  private constructor(machine: ChildProcess) {
    this.#machine = machine;
  }

  static async plugIn(): Promise<Phone> {
    const phone = new Phone(spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' }));
    const apart = (): boolean => {
      try {
        return readlinkSync(phone.#network) !== readlinkSync('/proc/self/ns/net');
      } catch {
        return false;
      }
    };
    await eventually('the phone is a machine of its own', apart, (is) => is);
    await run('ip', `link add lan0 type veth peer name lan1 netns ${phone.#machine.pid}`.split(' '));
    await run('ip', `address add ${OUR_ADDRESS}/24 dev lan0`.split(' '));
    await run('ip', ['link', 'set', 'lan0', 'up']);
    const there = `ip link set lo up; ip address add ${ITS_ADDRESS}/24 dev lan1; ip link set lan1 up; ip route add default via ${OUR_ADDRESS}`;
    await run('nsenter', [`--net=${phone.#network}`, 'sh', '-ec', there]);
    return phone;
  }

  /** Its browser, whose user goes on where it warns of a certificate that nobody vouches for. */
  async browser(extra: readonly string[]): Promise<TestBrowser> {
    const start = join(this.#folder, 'chromium');
    writeFileSync(
      start,
      `#!/bin/sh\nexec nsenter --net=${this.#network} "\${E2E_CHROMIUM:-/usr/bin/chromium}" "$@"\n`,
    );
    chmodSync(start, 0o755);
    return chromium([...extra, '--ignore-certificate-errors'], start);
  }

  unplug(): void {
    this.#machine.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #network(): string {
    return `/proc/${this.#machine.pid}/ns/net`;
  }
}
