import { gridFor } from './grid.ts';
import { capacityOf, TILES_MAX } from './seats.ts';

/** Where the people's tiles are and how large, CSS pixels. */
export interface Arrangement {
  /** Beside a shared screen, below it, or nowhere since everybody is in the grid. */
  readonly strip: 'none' | 'side' | 'foot';
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** How many tiles have room. */
  readonly capacity: number;
}

/** A tile in the strip is at most this wide and high; as in styles/meeting.css. */
const STRIP_WIDTH = 208;
const STRIP_HEIGHT = 117;
/** On a phone the screen needs the height more than the people do. */
const STRIP_HEIGHT_SMALL = 84;

export function arrange(
  stage: 'grid' | 'screen',
  count: number,
  size: { readonly width: number; readonly height: number },
  gap: number,
): Arrangement {
  const { width, height } = size;
  if (stage === 'grid') {
    const { tileWidth, tileHeight } = gridFor(count, width, height, gap);
    return { strip: 'none', tileWidth, tileHeight, capacity: capacityOf(width, height, gap) };
  }
  if (width > height && width >= 720) {
    return { strip: 'side', tileWidth: STRIP_WIDTH, tileHeight: STRIP_HEIGHT, capacity: TILES_MAX };
  }
  const tileHeight = height < 520 ? STRIP_HEIGHT_SMALL : STRIP_HEIGHT;
  return { strip: 'foot', tileWidth: Math.round((tileHeight * 4) / 3), tileHeight, capacity: TILES_MAX };
}
