import type { VideoCodec } from '../codec.ts';

/** From the smallest to the largest: lists in SDP go that way (RFC 8853). */
const RIDS = ['q', 'h', 'f'] as const;
/**
 * Chromium sends no more than two sizes of a picture with fewer pixels than this, and one of a picture with fewer than
 * `DOUBLE_PIXELS_MIN`; it leaves out the largest, so that it must not be asked for more.
 */
const TRIPLE_PIXELS_MIN = 960 * 540;
const DOUBLE_PIXELS_MIN = 480 * 270;
/** What a camera is taken for while there is none. */
const SIZE_DEFAULT: PictureSize = { width: 1280, height: 720 };

/** Pixels; a phone held upright has the larger side second. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The most that one encoding may take, bit/s, by its height: above, nobody sees the difference on a face. */
const BITRATES: readonly (readonly [height: number, bitrate: number])[] = [
  [90, 100_000],
  [180, 200_000],
  [270, 350_000],
  [360, 600_000],
  [540, 1_200_000],
  [720, 2_000_000],
  [1080, 3_500_000],
];
const BITRATE_MAX = 6_000_000;
/** A shared screen, bit/s: text that scrolls. */
const SCREEN_BITRATE_MAX = 4_000_000;

export type Simulcast = 'on' | 'off';

/** The encodings that anybody is shown. */
export type Wanted = ReadonlySet<string> | 'all';

/** The camera's encodings when its section is made; their number and order are for life. */
export function cameraEncodings(
  size: PictureSize | undefined,
  simulcast: Simulcast,
  codec: VideoCodec,
): RTCRtpEncodingParameters[] {
  if (simulcast === 'off') {
    return [{ maxBitrate: bitrateFor(shorterSide(size ?? SIZE_DEFAULT)), ...thinnable(codec) }];
  }
  const empty = RIDS.map((rid) => ({ rid, ...layering(codec) }));
  return fitEncodings(empty, size ?? SIZE_DEFAULT);
}

/**
 * The same encodings for a camera of another size: how much each is scaled, whether it is sent, what it may take. `wanted`
 * are the RIDs that the server says anybody is shown.
 */
export function fitEncodings<T extends RTCRtpEncodingParameters>(
  encodings: readonly T[],
  size: PictureSize,
  wanted: Wanted = 'all',
): T[] {
  const height = shorterSide(size);
  if (encodings.length === 1) {
    return encodings.map((encoding) => ({ ...encoding, maxBitrate: bitrateFor(height) }));
  }
  const used = sizesFor(size);
  return encodings.map((encoding, index) => {
    const scale = index < used ? 2 ** (used - 1 - index) : 1;
    return {
      ...encoding,
      // The smallest is sent whatever is said: nobody would see anything at once.
      active: index < used && (index === 0 || wanted === 'all' || wanted.has(encoding.rid ?? '')),
      scaleResolutionDownBy: scale,
      maxBitrate: bitrateFor(height / scale),
    };
  });
}

export function screenEncodings(codec: VideoCodec): RTCRtpEncodingParameters[] {
  return [{ maxBitrate: SCREEN_BITRATE_MAX, ...thinnable(codec) }];
}

/** How many sizes a browser sends. */
function sizesFor({ width, height }: PictureSize): number {
  const pixels = width * height;
  if (pixels < DOUBLE_PIXELS_MIN) return 1;
  return pixels < TRIPLE_PIXELS_MIN ? 2 : RIDS.length;
}

/** What is called the height of a picture, turned or not. */
function shorterSide({ width, height }: PictureSize): number {
  return Math.min(width, height);
}

/** Chromium makes VP9 and AV1 a simulcast of plain streams only when it is told the mode; otherwise it layers one. */
function layering(codec: VideoCodec): { scalabilityMode?: string } {
  switch (codec) {
    case 'vp9':
    case 'av1':
      return { scalabilityMode: 'L1T1' };
    case 'vp8':
    case 'h264':
      return thinnable(codec);
  }
}

/**
 * Of VP8 the server leaves frames out for those whose links are too narrow for all, a half or three quarters: before their picture
 * pauses, and without a key frame. Three layers are what Chromium makes of a simulcast by itself; of a single encoding it makes
 * one. Firefox knows no modes, and makes one.
 */
function thinnable(codec: VideoCodec): { scalabilityMode?: string } {
  return codec === 'vp8' ? { scalabilityMode: 'L1T3' } : {};
}

function bitrateFor(height: number): number {
  return BITRATES.find(([limit]) => height <= limit)?.[1] ?? BITRATE_MAX;
}
