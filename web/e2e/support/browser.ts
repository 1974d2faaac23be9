import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { pageScript } from './paths.ts';

/** How long a browser may take to start, or a page to load, ms. */
const START_MS_MAX = 90_000;

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--autoplay-policy=no-user-gesture-required',
  '--mute-audio',
];

/** A camera that beeps. */
export const FAKE_DEVICES_ONLY = ['--use-fake-device-for-media-stream'];
/** A camera that beeps and a permission that is given. */
export const FAKE_DEVICES = [...FAKE_DEVICES_ONLY, '--use-fake-ui-for-media-stream'];

/** Cameras to choose from: the second of three sees depths, which no codec takes, and the third is like the first. */
export const SEVERAL_FAKE_DEVICES = [
  '--use-fake-device-for-media-stream=device-count=3',
  '--use-fake-ui-for-media-stream',
];

/** Of Firefox's fake microphone, Hz. */
export const FIREFOX_PITCH = 440;

const FIREFOX_PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.navigator.audio.fake_frequency': FIREFOX_PITCH,
  // The namespace's address is plain HTTP and no localhost.
  'media.devices.insecure.enabled': true,
  'media.getusermedia.insecure.enabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // Nothing is fetched from outside: the tests' network has no outside.
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'app.normandy.enabled': false,
};

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** `start`: what starts it, if not the usual program. */
export async function chromium(extra: readonly string[] = [], start?: string): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'sfu-chromium-'));
  const browser = await puppeteer.launch({
    executablePath: start ?? process.env['E2E_CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    userDataDir: profile,
    timeout: START_MS_MAX,
    pipe: true,
    args: [...CHROMIUM_FLAGS, ...extra],
  });
  return closing(browser, profile);
}

export async function firefox(extra: Readonly<Record<string, string | boolean>> = {}): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'sfu-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env['E2E_FIREFOX'] ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: { ...FIREFOX_PREFS, ...extra },
    userDataDir: profile,
    timeout: START_MS_MAX,
  });
  return closing(browser, profile);
}

/** Each page gets a window: a tab behind another is hidden, and the SDK for rooms asks for no pictures that nobody sees. */
export async function openWindow({ browser }: TestBrowser): Promise<Page> {
  const page = await browser.newPage({ type: 'window' });
  page.setDefaultTimeout(START_MS_MAX);
  return page;
}

/** A page of the server's origin with the harness in it. */
export async function harnessPage(browser: TestBrowser, url: string): Promise<Page> {
  const page = await openWindow(browser);
  await page.goto(`${url}/`, { waitUntil: 'load' });
  await page.evaluate(`${pageScript('harness')}; window.harness = harness.harness; undefined`);
  return page;
}

/**
 * A page with the client SDK in it, of a document of the server's that has neither style nor script of its own.
 */
export async function personPage(browser: TestBrowser, url: string): Promise<Page> {
  const page = await openWindow(browser);
  await injectPerson(page, url);
  return page;
}

/** Loads the document, anew if it was there before. */
export async function injectPerson(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/healthz`, { waitUntil: 'load' });
  await page.evaluate(`${pageScript('person')}; window.person = person.person; undefined`);
}

function closing(browser: Browser, profile: string): TestBrowser {
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
