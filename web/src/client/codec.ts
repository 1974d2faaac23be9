const VIDEO_CODECS = ['vp8', 'vp9', 'h264', 'av1'] as const;

/** A video codec by its name in a link (`?codec=`). */
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export function parseVideoCodec(name: string | null): VideoCodec | undefined {
  return VIDEO_CODECS.find((codec) => codec === name?.toLowerCase());
}

/** The browser's codecs with the wanted one in front; the others stay as fallbacks. */
export function preferCodec<T extends { mimeType: string }>(codecs: readonly T[], wanted: VideoCodec): T[] {
  const mimeType = `video/${wanted}`;
  const isWanted = (codec: T): boolean => codec.mimeType.toLowerCase() === mimeType;
  return [...codecs.filter(isWanted), ...codecs.filter((codec) => !isWanted(codec))];
}
