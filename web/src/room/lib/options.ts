import {
  cutToBytes,
  NAME_BYTES_MAX,
  parseVideoCodec,
  VIDEO_SLOTS_MAX,
  type VideoCodec,
} from '../../client/index.ts';

/** What a link to a room may say beside the room; README.md of this folder lists it. */
export interface LinkOptions {
  readonly name: string | undefined;
  readonly identity: string | undefined;
  readonly join: 'ask' | 'at_once';
  readonly camera: 'on' | 'off';
  readonly microphone: 'on' | 'off';
  readonly slots: number | undefined;
  readonly codec: VideoCodec | undefined;
  readonly simulcast: 'on' | 'off';
}

export function readOptions(query: URLSearchParams): LinkOptions {
  const slots = Number(query.get('slots'));
  const name = text(query, 'name');
  return {
    name: name === undefined ? undefined : cutToBytes(name, NAME_BYTES_MAX),
    identity: text(query, 'identity'),
    join: query.has('autojoin') ? 'at_once' : 'ask',
    camera: onOrOff(query, 'camera'),
    microphone: onOrOff(query, 'microphone'),
    slots: Number.isInteger(slots) && slots >= 1 && slots <= VIDEO_SLOTS_MAX ? slots : undefined,
    codec: parseVideoCodec(query.get('codec')),
    simulcast: onOrOff(query, 'simulcast'),
  };
}

function text(query: URLSearchParams, key: string): string | undefined {
  const value = query.get(key)?.trim();
  return value === '' ? undefined : value;
}

function onOrOff(query: URLSearchParams, key: string): 'on' | 'off' {
  return query.get(key) === 'off' ? 'off' : 'on';
}
