// Generated from sfu-server/src/signal/wire by its test; do not edit.

/** Version of the signalling protocol. */
export const VERSION = 1;

/**
 * One message: a request and its id.
 */
export type ClientMessage = { id: number, } & ({ "type": "join", 
/**
 * The version of this protocol that the client speaks.
 */
version: number, 
/**
 * The name that others see; need not be unique.
 */
name: string, 
/**
 * Anything else that others may know, for the application.
 */
metadata?: { [key in string]: string }, 
/**
 * The participant's unique name in the room; made up if absent, refused if somebody here has it.
 */
identity?: string, 
/**
 * The token of an earlier `joined`: comes back as the same participant.
 */
resume?: string, 
/**
 * What lets one in where the server asks for it (JWT); says who one is. Not needed beside `resume`.
 */
token?: string, } | { "type": "offer", sdp: string, 
/**
 * What the published sections are for; one that is not named is what it was, at first a camera or a microphone.
 */
tracks?: Array<TrackUse>, 
/**
 * Whether the offer comes from another peer connection than the last; `false` if absent.
 */
fresh?: boolean, } | { "type": "layout", slots: Array<LayoutSlot>, } | { "type": "mute", mid: string, muted: boolean, } | { "type": "chat", text: string, } | { "type": "leave", } | { "type": "ping", });

/**
 * A request, told by its `type`. Each is answered by one message with its id: `joined`, `answer`, `ok`, `pong` or `error`.
 */
export type Request = { "type": "join", 
/**
 * The version of this protocol that the client speaks.
 */
version: number, 
/**
 * The name that others see; need not be unique.
 */
name: string, 
/**
 * Anything else that others may know, for the application.
 */
metadata?: { [key in string]: string }, 
/**
 * The participant's unique name in the room; made up if absent, refused if somebody here has it.
 */
identity?: string, 
/**
 * The token of an earlier `joined`: comes back as the same participant.
 */
resume?: string, 
/**
 * What lets one in where the server asks for it (JWT); says who one is. Not needed beside `resume`.
 */
token?: string, } | { "type": "offer", sdp: string, 
/**
 * What the published sections are for; one that is not named is what it was, at first a camera or a microphone.
 */
tracks?: Array<TrackUse>, 
/**
 * Whether the offer comes from another peer connection than the last; `false` if absent.
 */
fresh?: boolean, } | { "type": "layout", slots: Array<LayoutSlot>, } | { "type": "mute", mid: string, muted: boolean, } | { "type": "chat", text: string, } | { "type": "leave", } | { "type": "ping", };

/**
 * What a published section is for.
 */
export type TrackUse = { mid: string, source: TrackSource, 
/**
 * Whether it is muted from now on; as it was if absent, at first unmuted.
 */
muted?: boolean, };

/**
 * Where a track comes from.
 */
export type TrackSource = "microphone" | "camera" | "screen" | "screen_audio";

/**
 * What one video slot is to show.
 */
export type LayoutSlot = { 
/**
 * The slot: mid of a `recvonly` video section.
 */
mid: string, 
/**
 * Id of a track; need not exist yet.
 */
track: string, 
/**
 * Height of the element on screen, device pixels; 0: hidden.
 */
height: number, 
/**
 * Who is to get the better layer when not everybody can; higher wins, after screens and who has the floor.
 */
priority: number, };

/**
 * One message, told by its `type`. Those with an `id` answer a request.
 */
export type ServerMessage = { "type": "joined" } & Joined | { "type": "answer", id: number, sdp: string, 
/**
 * Tracks of the offer that one may not publish: their sections are answered `inactive`, the others are as they would be.
 */
refused?: Array<RefusedTrack>, } | { "type": "ok", id: number, } | { "type": "pong", id: number, } | { "type": "error", id?: number, code: ErrorCode, 
/**
 * What is wrong and what to do, for people.
 */
message: string, 
/**
 * Where in the request, as in `slots[2].height`.
 */
field?: string, } | { "type": "participant_joined", participant: Participant, } | { "type": "participant_changed", participant: Participant, } | { "type": "participant_left", participant: string, reason: LeaveReason, } | { "type": "slots", slots: Array<Slot>, } | { "type": "encodings", tracks: Array<TrackEncodings>, } | { "type": "publish_refused", limitBps: number | null, } | { "type": "limit", limit: Limit | null, } | { "type": "speakers" } & Speakers | { "type": "chat", message: ChatMessage, } | { "type": "restart_ice", } | { "type": "media_lost", } | { "type": "ended", reason: LeaveReason, 
/**
 * For people.
 */
message: string, };

/**
 * Who one is, and the room as it stands: a resume is caught up by it.
 */
export type Joined = { id: number, version: number, room: string, 
/**
 * One's own identity.
 */
participant: string, 
/**
 * Comes back with it within `resumeSeconds` of the socket's end; changes with each `joined`.
 */
resume: string, resumeSeconds: number, 
/**
 * Whether the media transport of before is still there; if not, the next offer must be `fresh`.
 */
media: boolean, 
/**
 * Whether this came back as the participant that `resume` named.
 */
resumed: boolean, 
/**
 * How often the client should send `ping`, ms.
 */
pingIntervalMs: number, 
/**
 * Whether the server asks for tokens.
 */
access: Access, 
/**
 * What one may do here.
 */
grants: Array<Grant>, iceServers: Array<IceServer>, 
/**
 * Everybody in order of arrival, oneself among them.
 */
participants: Array<Participant>, 
/**
 * The newest messages, oldest first.
 */
chat: Array<ChatMessage>, speakers: Speakers, 
/**
 * Every slot of one's own; empty before the first answer.
 */
slots: Array<Slot>, 
/**
 * What the last `encodings` said of each track; of those that are not named, all are to be sent.
 */
encodings: Array<TrackEncodings>, 
/**
 * What the last `publish_refused` said.
 */
publishRefusedBps: number | null, };

/**
 * Whether a server asks for tokens.
 */
export type Access = "token" | "development" | "insecure";

/**
 * One thing that somebody may do.
 */
export type Grant = "join" | "publish_microphone" | "publish_camera" | "publish_screen" | "subscribe" | "data" | "moderate" | "admin";

/**
 * A track that one may not publish.
 */
export type RefusedTrack = { 
/**
 * Its section of the offer.
 */
mid: string, source: TrackSource, 
/**
 * What one's token lacks.
 */
needs: Grant, };

/**
 * A STUN or TURN server, as RTCIceServer wants it.
 */
export type IceServer = { urls: string, username?: string, credential?: string, };

/**
 * Why somebody is gone.
 */
export type LeaveReason = "left" | "lost" | "replaced" | "draining" | "misbehaved" | "failed";

/**
 * What is wrong with a request, for programs.
 */
export type ErrorCode = "malformed" | "invalid_field" | "unknown_type" | "out_of_order" | "unsupported_version" | "unauthorized" | "token_expired" | "forbidden" | "identity_taken" | "resume_failed" | "bad_sdp" | "not_found" | "too_large" | "too_many" | "unavailable" | "internal";

/**
 * Somebody in the room.
 */
export type Participant = { 
/**
 * Unique in the room.
 */
identity: string, 
/**
 * For people; need not be unique.
 */
name: string, metadata: { [key in string]: string }, presence: Presence, via: Via, 
/**
 * When they came, ms since 1970 (UTC).
 */
joinedAtMs: number, tracks: Array<Track>, };

/**
 * Whether somebody is really there.
 */
export type Presence = "present" | "unstable";

/**
 * How somebody takes part.
 */
export type Via = "room" | "whip";

/**
 * A published track.
 */
export type Track = { 
/**
 * Names it in layouts and slots: `mid@identity`.
 */
id: string, 
/**
 * Its section of the publisher's offer.
 */
mid: string, kind: TrackKind, source: TrackSource, muted: boolean, };

/**
 * Audio or video.
 */
export type TrackKind = "audio" | "video";

/**
 * What one of the client's slots carries, and if nothing, why.
 */
export type Slot = { mid: string, kind: TrackKind, 
/**
 * Id of the track it carries or is to carry.
 */
track: string | null, state: SlotState, 
/**
 * The encoding that feeds it.
 */
layer: Layer | null, 
/**
 * What keeps its pictures from being better, or from being sent at all.
 */
limitedBy: LimitedBy | null, 
/**
 * What the client may be sent in all, bit/s of UDP payload; `null` unless `limitedBy` is `cap`.
 */
limitBps: number | null, };

/**
 * What bounds all that a client is sent.
 */
export type Limit = { by: LimitedBy, 
/**
 * Bit/s of UDP payload; of a link, what it carries by estimate.
 */
bps: number, };

/**
 * What a slot does, and if nothing, why.
 */
export type SlotState = "live" | "empty" | "muted" | "hidden" | "paused" | "awaiting_keyframe" | "awaiting_media" | "connecting" | "no_such_track" | "no_mutual_codec";

/**
 * An encoding of a track.
 */
export type Layer = { 
/**
 * Its RID; `null` without simulcast.
 */
rid: string | null, 
/**
 * Height of its pictures, pixels; `null` until a keyframe told it.
 */
height: number | null, 
/**
 * The highest of its temporal layers that is sent, where higher ones are left out; the lowest is 0. `null`: all frames.
 */
temporal: number | null, };

/**
 * What limits a slot's pictures; each but the first is the operator's.
 */
export type LimitedBy = "link" | "cap" | "room_cap" | "height_cap";

/**
 * Which encodings of a published simulcast are to be sent.
 */
export type TrackEncodings = { 
/**
 * The track's section of the publisher's offer.
 */
mid: string, 
/**
 * RIDs of all that are wanted.
 */
rids: Array<string>, };

/**
 * Who speaks.
 */
export type Speakers = { 
/**
 * Identity of who has the floor; the last one keeps it through silence.
 */
dominant: string | null, 
/**
 * Identities of everybody who is heard now, loudest first.
 */
speaking: Array<string>, };

/**
 * One message of the chat.
 */
export type ChatMessage = { 
/**
 * Counts the room's messages from 1: their one order.
 */
number: number, 
/**
 * Identity of who wrote it.
 */
from: string, 
/**
 * Their name at that time.
 */
name: string, text: string, 
/**
 * When the server took it in, ms since 1970 (UTC).
 */
atMs: number, };

