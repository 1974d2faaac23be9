/** How a number of tiles fills an area; lengths in CSS pixels. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** Width to height that a tile may have: a picture of 16:9 is shown whole or loses only its edges. */
export interface Aspect {
  readonly min: number;
  readonly max: number;
}

const WIDEST = 16 / 9;
/** A face still fits; narrower tiles would cut shoulders off. */
const NARROWEST_LANDSCAPE = 4 / 3;
/** On an upright phone the pictures come upright too. */
const NARROWEST_PORTRAIT = 3 / 4;

export function aspectFor(width: number, height: number): Aspect {
  return { min: height > width ? NARROWEST_PORTRAIT : NARROWEST_LANDSCAPE, max: WIDEST };
}

/** The number of columns whose tiles are largest; on a draw the one with fewer empty places. */
export function gridFor(
  count: number,
  width: number,
  height: number,
  gap: number,
  aspect: Aspect = aspectFor(width, height),
): Grid {
  let best = gridOf(Math.max(1, count), 1, width, height, gap, aspect);
  for (let columns = 2; columns <= count; columns += 1) {
    const next = gridOf(count, columns, width, height, gap, aspect);
    if (isBetter(next, best)) best = next;
  }
  return best;
}

function gridOf(
  count: number,
  columns: number,
  width: number,
  height: number,
  gap: number,
  aspect: Aspect,
): Grid {
  const rows = Math.ceil(count / columns);
  const cellWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
  return {
    columns,
    rows,
    tileWidth: Math.floor(Math.min(cellWidth, cellHeight * aspect.max)),
    tileHeight: Math.floor(Math.min(cellHeight, cellWidth / aspect.min)),
  };
}

function isBetter(next: Grid, best: Grid): boolean {
  const gain = area(next) - area(best);
  return gain === 0 ? next.columns * next.rows < best.columns * best.rows : gain > 0;
}

function area(grid: Grid): number {
  return grid.tileWidth * grid.tileHeight;
}
