/** Where a card is, CSS pixels from the edges of the window. */
export interface Place {
  readonly right: number;
  readonly top?: number;
  readonly bottom?: number;
  readonly maxHeight: number;
}

/** As in styles/panel.css. */
const CARD_WIDTH = 288;
/** Between the card and what opened it, and the window's edges. */
const GAP = 8;

/** Above or below what opened it, wherever there is more room, and within the window. */
export function placeBeside(
  box: { readonly top: number; readonly bottom: number; readonly right: number },
  width: number,
  height: number,
): Place {
  const rightMax = Math.max(GAP, width - CARD_WIDTH - GAP);
  const right = Math.min(rightMax, Math.max(GAP, width - box.right));
  const below = height - box.bottom;
  return below > box.top
    ? { right, top: box.bottom + GAP, maxHeight: below - 2 * GAP }
    : { right, bottom: height - box.top + GAP, maxHeight: box.top - 2 * GAP };
}
