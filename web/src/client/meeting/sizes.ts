import type { Unsubscribe } from '../observable.ts';

/** Heights are told in steps of this many device pixels: a window that is dragged shall not chatter. */
const STEP_PX = 30;
/** The wire's largest height, pixels. */
const HEIGHT_MAX = 65_535;

/** Rounded up, so that a picture is never smaller than its element. */
export function quantise(heightPx: number): number {
  if (!(heightPx > 0)) return 0;
  return Math.min(HEIGHT_MAX, Math.ceil(heightPx / STEP_PX) * STEP_PX);
}

/** Tells how high an element is on screen: device pixels, 0 while nobody can see it. */
export interface Sizes {
  watch(element: HTMLVideoElement, listener: (height: number) => void): Unsubscribe;
}

interface Watched {
  readonly listener: (height: number) => void;
  height: number;
  seen: 'in_view' | 'out_of_view';
  told: number;
}

/** Sizes from the real page. */
export class ElementSizes implements Sizes {
  readonly #watched = new Map<Element, Set<Watched>>();
  #unlisten: Unsubscribe = () => undefined;
  readonly #resize = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) this.#update(target, { height: contentRect.height });
  });
  readonly #intersection = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      this.#update(target, { seen: isIntersecting ? 'in_view' : 'out_of_view' });
    }
  });

  watch(element: HTMLVideoElement, listener: (height: number) => void): Unsubscribe {
    const { height } = element.getBoundingClientRect();
    if (this.#watched.size === 0) this.#listen();
    const watched: Watched = { listener, height, seen: 'in_view', told: -1 };
    const all = this.#watched.get(element) ?? new Set();
    this.#watched.set(element, all.add(watched));
    this.#resize.observe(element);
    this.#intersection.observe(element);
    const onPicture = (): void => this.#tell(element, watched);
    element.addEventListener('enterpictureinpicture', onPicture);
    element.addEventListener('leavepictureinpicture', onPicture);
    this.#tell(element, watched);
    return () => {
      element.removeEventListener('enterpictureinpicture', onPicture);
      element.removeEventListener('leavepictureinpicture', onPicture);
      if (!all.delete(watched) || all.size > 0) return;
      this.#watched.delete(element);
      this.#resize.unobserve(element);
      this.#intersection.unobserve(element);
      if (this.#watched.size === 0) this.#unlisten();
    };
  }

  /** The page outlives every meeting: it is heard only while there is something to watch. */
  #listen(): void {
    const stop = new AbortController();
    const { signal } = stop;
    const onChange = (): void => this.#tellAll();
    document.addEventListener('visibilitychange', onChange, { signal });
    // The ratio changes when a window moves to another screen or is zoomed; both resize it.
    window.addEventListener('resize', onChange, { signal });
    this.#unlisten = () => stop.abort();
  }

  #update(element: Element, news: Partial<Pick<Watched, 'height' | 'seen'>>): void {
    for (const watched of this.#watched.get(element) ?? []) {
      Object.assign(watched, news);
      this.#tell(element, watched);
    }
  }

  #tellAll(): void {
    for (const [element, all] of this.#watched) {
      for (const watched of all) this.#tell(element, watched);
    }
  }

  #tell(element: Element, watched: Watched): void {
    const floats = 'pictureInPictureElement' in document && document.pictureInPictureElement === element;
    const visible = floats || (watched.seen === 'in_view' && document.visibilityState === 'visible');
    const height = visible ? quantise(watched.height * devicePixelRatio) : 0;
    if (height === watched.told) return;
    watched.told = height;
    watched.listener(height);
  }
}
