// Sums up what callgrind wrote of each step, and holds it against the committed figures.
// usage: instructions.mjs DIRECTORY FIGURES [--update]
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , directory, file, update] = process.argv;

// What a figure may rise by, per cent: a change elsewhere, or another directory to build in, makes the compiler put a function
// into another, or not.
const PER_CENT_UP = { own: 15, copying: 20 };
// It does one loop of this in one of two ways.
const PER_CENT_UP_OF = { parse: 20 };
// And at least by so many: the compiler calls memcpy for a small value here and not there, at up to 30 each time. A payload's
// copy takes 140.
const INSTRUCTIONS_UP = { own: 3, copying: 60 };
const PROGRAM = /\/sfu-instructions$/;
// Which code of it runs depends on the processor, and it is not ours.
const CIPHERS = /aws.lc/;
// The system library's, of which it takes one for the processor.
const COPYING = /^__(mem(cpy|move|set|cmp)|bcmp)_/;

/** Reads one of callgrind's files: of each function its object, its file, its own instructions, and those of what it `called`. */
function* functions(path) {
  // A name comes with a number, and the number alone from then on; functions, objects and files have numbers each of their own.
  const names = { fn: new Map(), ob: new Map(), fl: new Map() };
  const named = (kind, number, name) => {
    if (name !== undefined) names[kind].set(number, name);
    return names[kind].get(number) ?? '';
  };
  const at = { fn: '', ob: '', fl: '' };
  let called = '';
  let isCall = false;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const place = /^(fn|ob|fl|fi|fe|cfn|cob|cfi|cfl)=\((\d+)\)(?: (.*))?$/.exec(line);
    if (place) {
      const [, key, number, name] = place;
      if (key in at) at[key] = named(key, number, name);
      else if (key === 'cfn') called = named('fn', number, name);
      else named(key === 'cob' ? 'ob' : 'fl', number, name);
    } else if (line.startsWith('calls=')) {
      isCall = true;
    } else if (/^[-+*\d]/.test(line)) {
      // The line behind a call is what was spent in the function that was called.
      yield { ...at, called: isCall ? called : undefined, instructions: Number(line.split(' ')[1]) };
      isCall = false;
    }
  }
}

function dump(path) {
  const step = /^desc: Trigger: Client Request: (.+)$/m.exec(readFileSync(path, 'utf8').slice(0, 1_000))?.[1];
  const sum = { step, own: 0, copying: 0, variants: [] };
  for (const { fn, ob, fl, called, instructions } of functions(path)) {
    if (!PROGRAM.test(ob) || CIPHERS.test(fn) || CIPHERS.test(fl)) continue;
    if (called === undefined) sum.own += instructions;
    else if (COPYING.test(called)) {
      sum.copying += instructions;
      sum.variants.push(called);
    }
  }
  return sum;
}

const dumps = readdirSync(directory)
  .filter((name) => /^callgrind\.out\.\d+$/.test(name))
  .map((name) => dump(join(directory, name)));
const version = (command) =>
  execFileSync(command, ['--version'], { encoding: 'utf8' }).trim().replace(/ \(.*/, '');
const made = {
  processor: process.arch,
  rustc: version('rustc'),
  valgrind: version('valgrind'),
  memcpy: dumps.flatMap((it) => it.variants).find((it) => it.includes('memcpy')) ?? 'none',
};
const steps = {};
for (const line of readFileSync(join(directory, 'counts'), 'utf8').trim().split('\n')) {
  const [, step, count, per] = /^(\S+) (\d+) (.+)$/.exec(line);
  const { own, copying } = dumps.find((it) => it.step === step) ?? { own: 0, copying: 0 };
  steps[step] = { per, own: Math.round(own / count), copying: Math.round(copying / count) };
}

const about = 'Another compiler makes other instructions: held against these only where "made" is the same.';
const committed = update ? { about, made, steps } : JSON.parse(readFileSync(file, 'utf8'));
if (update) writeFileSync(file, `${JSON.stringify(committed, null, 2)}\n`);
const isSame = (keys) => keys.every((key) => made[key] === committed.made[key]);
const judged = { own: isSame(['processor', 'rustc']), copying: isSame(Object.keys(made)) };

const broken = [];
const lower = [];
const cell = (step, column) => {
  const [now, before] = [steps[step][column], committed.steps[step]?.[column]];
  if (before === undefined) {
    broken.push(`${step} has no committed figure`);
    return [now, '–', 'new'];
  }
  const percent = before === now ? 0 : (100 * (now - before)) / Math.max(before, 1);
  const isMuch = judged[column] && Math.abs(now - before) > INSTRUCTIONS_UP[column];
  const up = PER_CENT_UP_OF[step] ?? PER_CENT_UP[column];
  if (isMuch && percent > up) broken.push(`${step}: ${before} → ${now}`);
  // Then it is no guard any more.
  if (isMuch && percent < -up) lower.push(`${step}: ${before} → ${now}`);
  if (column === 'own' && now === 0) broken.push(`${step}: nothing was counted`);
  return [now, before, `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`];
};
const row = (name, own, copying, per) =>
  console.log(
    [name.padEnd(9), ...[...own, ...copying].map((it) => String(it).padStart(9)), ` ${per}`].join(' '),
  );
row('', ['own code', 'committed', ''], ['copying', 'committed', ''], 'instructions per');
for (const [step, { per }] of Object.entries(steps)) row(step, cell(step, 'own'), cell(step, 'copying'), per);
broken.push(
  ...Object.keys(committed.steps)
    .filter((it) => !(it in steps))
    .map((it) => `${it} was not counted`),
);

for (const column of ['own', 'copying']) {
  if (!judged[column])
    console.log(
      `${column}: not judged, the figures were made with ${JSON.stringify(committed.made)}, these with ${JSON.stringify(made)}`,
    );
}
if (lower.length > 0)
  console.log(`less than before, which is worth a commit (make instructions UPDATE=1): ${lower.join(', ')}`);
if (broken.length > 0) {
  console.log(`broken: ${broken.join(', ')}`);
  console.log(
    `More than ${PER_CENT_UP.own} % above its figure, or ${PER_CENT_UP.copying} % where it copies. If it must be: make instructions UPDATE=1, and why in the commit.`,
  );
  process.exit(1);
}
