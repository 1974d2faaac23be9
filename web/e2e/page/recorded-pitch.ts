const RECORD_MS = 800;
/** What a decoder and a recorder take to get going, s. */
const SETTLE_S = 0.2;
/** Quieter than this is silence; the tones have an amplitude of 0.1 and more. */
const AMPLITUDE_MIN = 0.02;

/** The pitch of a pure tone, Hz, by recording it and counting its waves; needs no sound device. 0 is silence. */
export async function recordedPitch(track: MediaStreamTrack): Promise<number> {
  const recorder = new MediaRecorder(new MediaStream([track]));
  const parts: Blob[] = [];
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve));
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, RECORD_MS));
  recorder.stop();
  await stopped;
  const bytes = await new Blob(parts).arrayBuffer();
  if (bytes.byteLength === 0) return 0;
  const decoder = new OfflineAudioContext(1, 1, 48_000);
  const sound = await decoder.decodeAudioData(bytes).catch(() => undefined);
  return sound === undefined ? 0 : countWaves(sound);
}

function countWaves(sound: AudioBuffer): number {
  const samples = sound.getChannelData(0).subarray(Math.round(SETTLE_S * sound.sampleRate));
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  if (loudest < AMPLITUDE_MIN) return 0;
  let rising = 0;
  let first = 0;
  let last = 0;
  for (let i = 1; i < samples.length; i += 1) {
    if ((samples[i - 1] ?? 0) < 0 && (samples[i] ?? 0) >= 0) {
      if (rising === 0) first = i;
      last = i;
      rising += 1;
    }
  }
  return rising < 2 ? 0 : ((rising - 1) * sound.sampleRate) / (last - first);
}
