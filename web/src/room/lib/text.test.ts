import { afterEach, describe, expect, it, vi } from 'vitest';
import { freshName } from './fresh-name.ts';
import { lettersOf, shorten } from './letters.ts';
import { linkify } from './linkify.ts';
import { readOptions } from './options.ts';
import { hueOf, initialsOf } from './person.ts';
import { roomLink, roomOf, routeOf } from './route.ts';

describe('routes', () => {
  it('lead home or into a room', () => {
    expect(routeOf('/')).toEqual({ kind: 'home' });
    expect(routeOf('/rooms/')).toEqual({ kind: 'home' });
    expect(routeOf('/rooms/caf%C3%A9')).toEqual({ kind: 'room', room: 'café' });
    expect(routeOf('/rooms/lunch/')).toEqual({ kind: 'room', room: 'lunch' });
    expect(routeOf('/rooms/100%')).toEqual({ kind: 'room', room: '100%' });
  });

  it('are made of any name and found again', () => {
    for (const room of ['lunch', 'café crème', 'a?b#c', '50 %', '日本']) {
      expect(routeOf(new URL(roomLink(room, 'https://example.org')).pathname)).toEqual({
        kind: 'room',
        room,
      });
      expect(roomOf(roomLink(room, 'https://example.org'))).toEqual({ kind: 'room', room });
    }
  });
});

describe('what is typed into the room field', () => {
  it.each([
    ['lunch', 'lunch'],
    ['  lunch ', 'lunch'],
    ['https://example.org/rooms/lunch?name=Ada#x', 'lunch'],
    ['example.org/rooms/lunch', 'lunch'],
    ['/rooms/lunch', 'lunch'],
  ])('%s is a room', (typed, room) => {
    expect(roomOf(typed)).toEqual({ kind: 'room', room });
  });

  it('may be nothing or nonsense', () => {
    expect(roomOf('   ')).toEqual({ kind: 'empty' });
    expect(roomOf('a/b')).toEqual({ kind: 'refused', why: 'slash' });
    expect(roomOf('https://example.org/')).toEqual({ kind: 'refused', why: 'slash' });
    expect(roomOf('..')).toEqual({ kind: 'refused', why: 'dots' });
    expect(roomOf('ü'.repeat(65))).toEqual({ kind: 'refused', why: 'too_long' });
  });
});

describe('options of a link', () => {
  it('have defaults', () => {
    expect(readOptions(new URLSearchParams(''))).toEqual({
      name: undefined,
      identity: undefined,
      join: 'ask',
      camera: 'on',
      microphone: 'on',
      slots: undefined,
      codec: undefined,
      simulcast: 'on',
    });
  });

  it('are read, and nonsense is not', () => {
    const options =
      'name=Ada&identity=ada&autojoin&camera=off&microphone=off&slots=4&codec=H264&simulcast=off';
    expect(readOptions(new URLSearchParams(options))).toEqual({
      name: 'Ada',
      identity: 'ada',
      join: 'at_once',
      camera: 'off',
      microphone: 'off',
      slots: 4,
      codec: 'h264',
      simulcast: 'off',
    });
    expect(readOptions(new URLSearchParams('slots=99')).slots).toBeUndefined();
    expect(readOptions(new URLSearchParams('slots=x&name=')).name).toBeUndefined();
    expect(readOptions(new URLSearchParams({ name: 'é'.repeat(90) })).name).toBe('é'.repeat(64));
  });
});

describe('names', () => {
  it('have initials in any script', () => {
    expect(initialsOf('Ada Lovelace')).toBe('AL');
    expect(initialsOf('ada')).toBe('A');
    expect(initialsOf('Maria da Silva')).toBe('MS');
    expect(initialsOf('👩‍🚀 Crew')).toBe('👩‍🚀C');
    expect(initialsOf('  ')).toBe('?');
  });

  it('have one of eight colours', () => {
    for (let index = 0; index < 100; index += 1) {
      const hue = hueOf(`guest-${index}`);
      expect(hue).toBeGreaterThanOrEqual(0);
      expect(hue).toBeLessThan(8);
    }
  });

  it('of rooms are made up within the lists', () => {
    expect(freshName(() => 0)).toMatch(/^[a-z]+-[a-z]+-0$/);
    expect(freshName(() => 0.999_999)).toMatch(/^[a-z]+-[a-z]+-999$/);
  });
});

describe('letters', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('are what a reader takes for one', () => {
    expect(lettersOf('a👩‍🚀é')).toEqual(['a', '👩‍🚀', 'é']);
    expect(shorten('👩‍🚀👩‍🚀👩‍🚀', 2)).toBe('👩‍🚀👩‍🚀…');
    expect(shorten('ab', 2)).toBe('ab');
  });

  it('are code points in a browser that cannot tell', () => {
    vi.stubGlobal('Intl', {});
    expect(lettersOf('a👋')).toEqual(['a', '👋']);
    expect(initialsOf('Ada Lovelace')).toBe('AL');
  });
});

describe('links in messages', () => {
  it('end before the punctuation', () => {
    expect(linkify('See https://example.org/a?b=c, then (http://x.org).')).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://example.org/a?b=c' },
      { kind: 'text', text: ', then (' },
      { kind: 'link', text: 'http://x.org' },
      { kind: 'text', text: ').' },
    ]);
  });

  it('are web addresses only', () => {
    expect(linkify('javascript:alert(1)')).toEqual([{ kind: 'text', text: 'javascript:alert(1)' }]);
  });
});
