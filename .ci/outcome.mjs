// What a suite's own output says about it, in few words, so that the end of a log tells what broke.
// usage: outcome.mjs cargo LOG [AGAIN] | vitest REPORT [AGAIN] | check LOG | failed-files REPORT | failed-tests LOG
// AGAIN is of what was run once more, and has the last word. Prints "passed failed unsteady" (not for a check), then a line for
// each test that failed ("broken") or that failed and then passed ("unsteady"), and what it said.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Of a message; its beginning and its end, where assertions put what differs. */
const CHARACTERS_MAX = 170;
/** Of a broken check. */
const CHECK_LINES_MAX = 3;

function short(text) {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  const half = CHARACTERS_MAX / 2;
  return line.length <= CHARACTERS_MAX ? line : `${line.slice(0, half)} … ${line.slice(-half)}`;
}

const read = (path) => stripVTControlCharacters(readFileSync(path, 'utf8'));

/** Tests that failed in one target's output: those of its last list, with the panic's place and words. */
function failedIn(target, output) {
  const words = new Map();
  for (const [, name, said] of output.matchAll(/^---- (.+) stdout ----\n([\s\S]*?)(?=^---- |^failures:|$(?![\s\S]))/gm)) {
    const [, place, message] = /panicked at (.+?):\d+:\n([\s\S]*?)(?=^stack backtrace:|^note:|\n\n|$(?![\s\S]))/m.exec(said) ?? [];
    words.set(name, place === undefined ? short(said) : `${short(message)} (${place})`);
  }
  const list = output.slice(output.lastIndexOf('\nfailures:\n')).matchAll(/^ {4}(\S.*)$/gm);
  const names = output.includes('\nfailures:\n') ? [...list].map(([, name]) => name) : [];
  return names.map((name) => ({ name: `${target}: ${name}`, target, test: name, said: words.get(name) ?? '' }));
}

function oneRun(log) {
  const text = read(log);
  const passed = [...text.matchAll(/^test result: .*? (\d+) passed/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  const broken = [];
  let from = 0;
  for (const found of text.matchAll(/^error: (?:doc)?test failed, to rerun pass `(?:-p )?(.+)`(?:\n\nCaused by:\n\s*(.+))?/gm)) {
    const output = text.slice(from, found.index);
    from = found.index + found[0].length;
    const failed = failedIn(found[1], output);
    // It ended before it could say which.
    const running = [...output.matchAll(/^test (.+) \.\.\. $/gm)].at(-1)?.[1];
    broken.push(
      ...(failed.length > 0 ? failed : [{ name: [found[1], running].filter(Boolean).join(': '), said: short(found[2] ?? 'ended early') }]),
    );
  }
  for (const [line] of text.matchAll(/^error: could not compile .*/gm)) {
    const [cause = ''] = /^error(?!: could not)(?:\[\w+\])?: .*\n.*/m.exec(text) ?? [];
    broken.push({ name: short(line), said: short(cause) });
  }
  return { passed, broken };
}

function cargo(log, again) {
  const { passed, broken } = oneRun(log);
  if (again === undefined || !existsSync(again)) return { passed, broken, unsteady: [] };
  const text = read(again);
  const failed = new Set(oneRun(again).broken.map(({ test }) => test));
  const held = ({ test }) => test !== undefined && !failed.has(test) && text.includes(`\ntest ${test} ... ok\n`);
  const unsteady = broken.filter(held);
  return { passed: passed + unsteady.length, broken: broken.filter((one) => !held(one)), unsteady };
}

/** Every test of one report by its name, and a file's hooks as one more when they failed. */
function testsOf(report) {
  const tests = new Map();
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const path = relative(`${process.cwd()}/web`, file.name);
    for (const { ancestorTitles, title, status, failureMessages } of file.assertionResults) {
      const [message = ''] = failureMessages;
      tests.set([path, ...ancestorTitles, title].filter(Boolean).join(' > '), { path, status, message });
    }
    const hooks = file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed');
    tests.set(`${path} > (before and after its tests)`, { path, status: hooks ? 'failed' : 'none', message: file.message });
  }
  return tests;
}

function said({ path, message }) {
  const text = stripVTControlCharacters(message);
  const [, line] = new RegExp(`${path.replaceAll('.', '\\.')}:(\\d+)`).exec(text) ?? [];
  const words = text.split(/\n\s+at /)[0];
  return short(words) + (line === undefined ? '' : ` (line ${line})`);
}

function vitest(reports) {
  const runs = reports.filter((report) => existsSync(report)).map(testsOf);
  const outcome = { passed: 0, broken: [], unsteady: [] };
  for (const name of new Set(runs.flatMap((run) => [...run.keys()]))) {
    const tries = runs.map((run) => run.get(name)).filter((one) => one !== undefined);
    const failed = tries.find(({ status }) => status === 'failed');
    const passed = tries.at(-1)?.status === 'passed';
    // Hooks that held the second time are no test that passed.
    const held = passed || tries.at(-1)?.status === 'none';
    if (passed) outcome.passed += 1;
    if (failed !== undefined) outcome[held ? 'unsteady' : 'broken'].push({ name, said: said(failed) });
  }
  return outcome;
}

function check(log) {
  const lines = read(log).split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /\berror\b|\bbroken\b|^Diff in |\bwarn\b/i.test(line));
  return (telling.length > 0 ? telling.slice(0, CHECK_LINES_MAX) : lines.slice(-CHECK_LINES_MAX)).map(short);
}

const [what, ...paths] = process.argv.slice(2);
if (what === 'check') for (const line of check(paths[0])) console.log(line);
else if (what === 'failed-files') {
  const failed = [...testsOf(paths[0]).values()].filter(({ status }) => status === 'failed');
  for (const path of new Set(failed.map((test) => test.path))) console.log(path);
} else if (what === 'failed-tests') {
  // Not one of them, where something else broke besides: a target that did not compile, or ended early.
  const { broken } = oneRun(paths[0]);
  if (broken.every(({ test }) => test !== undefined)) for (const { test } of broken) console.log(test);
} else {
  const { passed, broken, unsteady } = what === 'cargo' ? cargo(...paths) : vitest(paths);
  console.log(passed, broken.length, unsteady.length);
  for (const [kind, tests] of Object.entries({ broken, unsteady }))
    for (const { name, said } of tests) console.log(`${kind}\t${name}\t${said}`);
}
