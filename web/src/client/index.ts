export { parseVideoCodec, type VideoCodec } from './codec.ts';
export {
  capture,
  captureScreen,
  type Captured,
  type CapturedScreen,
  type DeviceProblem,
} from './meeting/capture.ts';
export { exchangeInvite, type Admission } from './invite.ts';
export { CaptureTogether } from './meeting/capture-together.ts';
export { DeviceList, type Device, type Devices } from './meeting/device-list.ts';
export { LevelMeter } from './meeting/level-meter.ts';
export { Meeting } from './meeting/meeting.ts';
export { NAME_BYTES_MAX } from './limits.ts';
export { ReceptionMeter, type Received } from './meeting/reception-meter.ts';
export { VIDEO_SLOTS_MAX } from './meeting/receivers.ts';
export { checkSupport, type Support } from './meeting/support.ts';
export type {
  DataLink,
  MeetingOptions,
  MeetingState,
  Retry,
  ShownTrack,
  SoundState,
} from './meeting/types.ts';
export { Observable, type Unsubscribe } from './observable.ts';
export { describe, problemFromError, ProblemError, type Problem } from './problem.ts';
export type { LinkState } from './state.ts';
export { cutToBytes } from './text.ts';
export { WhepClient, type Slot as WhepSlot } from './whep.ts';
export { WhipClient } from './whip.ts';
export type {
  Access,
  ChatMessage,
  Grant,
  Layer,
  LeaveReason,
  Limit,
  LimitedBy,
  Participant,
  Presence,
  Slot,
  SlotState,
  Speakers,
  Track,
  TrackKind,
  TrackSource,
  Via,
} from './wire.ts';
