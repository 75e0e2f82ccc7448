/** A short sound, made here: two soft notes. Browsers keep pages silent until somebody has pressed something in them. */

/** Frequencies, Hz: a fourth upwards. */
const NOTES = [659.3, 880];
const NOTE_S = 0.16;
const LOUDNESS = 0.12;
/** Many calls at once are one sound. */
const REST_MS = 2000;

let context: AudioContext | null = null;
let rungAt = -REST_MS;

/** To be called when somebody presses something: from then on the page may be heard. */
export async function wake(): Promise<void> {
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  try {
    if (context.state === "suspended") await context.resume();
  } catch {
    // Refused still; the next press tries again.
  }
}

export function ring(): void {
  if (performance.now() - rungAt >= REST_MS && sound()) rungAt = performance.now();
}

/** Once, to hear how it sounds. Says whether it could be heard. */
export function sound(): boolean {
  const audio = context;
  // Not yet: the browser waits for a press. The title and the card say the same.
  if (audio === null || audio.state !== "running") return false;
  NOTES.forEach((frequency, at) => note(audio, frequency, at * NOTE_S));
  return true;
}

function note(audio: AudioContext, frequency: number, after: number): void {
  const start = audio.currentTime + after;
  const end = start + NOTE_S * 2;
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.value = frequency;
  loudness.gain.setValueAtTime(0, start);
  loudness.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, end);
  tone.connect(loudness).connect(audio.destination);
  tone.start(start);
  tone.stop(end);
}
