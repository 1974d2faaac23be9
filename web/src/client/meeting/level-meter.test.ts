import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LevelMeter, loudness, START_MS_MAX } from './level-meter.ts';

/** A context of a browser that waits for a touch, or does not. */
class FakeContext extends EventTarget {
  static touched: 'yes' | 'no' = 'no';
  static last: FakeContext;
  state: AudioContextState = 'suspended';

  constructor() {
    super();
    FakeContext.last = this;
  }

  become(state: AudioContextState): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }

  resume(): Promise<void> {
    if (FakeContext.touched === 'no') return new Promise(() => undefined);
    return Promise.resolve().then(() => this.become('running'));
  }

  close(): Promise<void> {
    this.become('closed');
    return Promise.resolve();
  }

  createMediaStreamSource(): { connect: () => void } {
    return { connect: () => undefined };
  }
}

describe('a level meter', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeContext.touched = 'no';
    vi.stubGlobal('AudioContext', FakeContext);
    vi.stubGlobal('MediaStream', EventTarget);
    vi.stubGlobal(
      'AnalyserNode',
      class {
        getFloatTimeDomainData(samples: Float32Array): void {
          samples.fill(1);
        }
      },
    );
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const meter = (page: EventTarget): LevelMeter =>
    new LevelMeter(new EventTarget() as MediaStreamTrack, page);

  it('measures from the start where the browser lets it', async () => {
    FakeContext.touched = 'yes';
    const measured = meter(new EventTarget());
    const states: string[] = [];
    measured.state.subscribe((state) => states.push(state));
    await vi.advanceTimersByTimeAsync(START_MS_MAX);
    expect(states).toEqual(['measuring']);
    expect(measured.level.value).toBe(1);
    measured.close();
  });

  it('that the browser holds says so, and measures after a touch of the page', async () => {
    const page = new EventTarget();
    const held = meter(page);
    await vi.advanceTimersByTimeAsync(START_MS_MAX - 1);
    expect(held.state.value).toBe('measuring');
    await vi.advanceTimersByTimeAsync(1);
    expect(held.state.value).toBe('held');
    FakeContext.touched = 'yes';
    page.dispatchEvent(new Event('keydown'));
    await vi.advanceTimersByTimeAsync(0);
    expect(held.state.value).toBe('measuring');
    FakeContext.last.become('suspended');
    expect(held.state.value).toBe('held');
    page.dispatchEvent(new Event('pointerup'));
    await vi.advanceTimersByTimeAsync(0);
    expect(held.state.value).toBe('measuring');
    held.close();
  });

  it('that is closed says nothing more and hears no touch', () => {
    const page = new EventTarget();
    const closed = meter(page);
    closed.close();
    const resumed = vi.spyOn(FakeContext.last, 'resume');
    page.dispatchEvent(new Event('keydown'));
    expect(resumed).not.toHaveBeenCalled();
    expect(closed.state.value).toBe('measuring');
  });
});

describe('loudness', () => {
  it('is even to the ear from a quiet room to full scale', () => {
    const constant = (level: number): Float32Array => new Float32Array(1024).fill(level);
    expect(loudness(constant(0))).toBe(0);
    expect(loudness(constant(0.0001))).toBe(0);
    expect(loudness(constant(0.0316))).toBeCloseTo(0.5, 2);
    expect(loudness(constant(1))).toBe(1);
    expect(loudness(new Float32Array(0))).toBe(0);
  });
});
