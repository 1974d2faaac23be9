export { parseVideoCodec, type VideoCodec } from './codec.ts';
export { openDevices, type DeviceOutcome } from './devices.ts';
export { Observable, type Unsubscribe } from './observable.ts';
export { describe, type Problem } from './problem.ts';
export type { LinkState } from './state.ts';
export { StatsReader, type LinkStats, type TrackStats } from './stats.ts';
export { WhepClient, type Slot } from './whep.ts';
export { WhipClient } from './whip.ts';
