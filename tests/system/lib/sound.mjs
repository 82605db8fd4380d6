// What was heard: WAV files of 8 kHz, 16 bit, compared by their samples.
import { readFileSync } from 'node:fs';

export const RATE = 8000;

// Samples of one channel. Files still being written have lengths of 0 in their heads: then all there is.
export function samplesOf(bytes, channel = 0) {
  const channels = bytes.readUInt16LE(22);
  let at = 12;
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4);
  const length = bytes.readUInt32LE(at + 4) || bytes.length - at - 8;
  const count = Math.floor(Math.min(length, bytes.length - at - 8) / (2 * channels));
  const samples = new Float64Array(count);
  for (let i = 0; i < count; i++) samples[i] = bytes.readInt16LE(at + 8 + 2 * (i * channels + channel));
  return samples;
}
export const readWav = (path, channel) => samplesOf(readFileSync(path), channel);

// Share of the energy at one frequency, 0 to 1 (Goertzel); silence has none.
export function shareOf(samples, hz, from = 0, to = samples.length) {
  const w = (2 * Math.PI * hz) / RATE;
  let re = 0;
  let im = 0;
  let energy = 0;
  for (let i = from; i < to; i++) {
    re += samples[i] * Math.cos(w * i);
    im += samples[i] * Math.sin(w * i);
    energy += samples[i] * samples[i];
  }
  return energy < (to - from) * 100 ? 0 : (2 * (re * re + im * im)) / ((to - from) * energy);
}

// How much of a track a tone fills, in windows of a fifth of a second.
export function shareOfTime(track, hz) {
  let windows = 0;
  let heard = 0;
  for (let at = 0; at + 1600 <= track.length; at += 1600, windows++) heard += shareOf(track, hz, at, at + 1600) > 0.25;
  return windows ? heard / windows : 0;
}

// When (in samples) a tone is first heard for a fifth of a second, -1 = never.
export function toneBegins(samples, hz) {
  for (let at = 0; at + 1600 <= samples.length; at += 160)
    if (shareOf(samples, hz, at, at + 1600) > 0.6) return at;
  return -1;
}

// The longest stretch in which nothing is heard, in ms, between two places (in samples).
export function longestSilence(samples, from = 0, to = samples.length) {
  const WINDOW = RATE / 50;
  let longest = 0;
  for (let at = from, quiet = 0; at + WINDOW <= to; at += WINDOW) {
    let energy = 0;
    for (let i = at; i < at + WINDOW; i++) energy += samples[i] * samples[i];
    quiet = energy < WINDOW * 20 * 20 ? quiet + 20 : 0;
    longest = Math.max(longest, quiet);
  }
  return longest;
}

// A quarter of the samples, each the mean of four: 2 kHz, where speech still is.
const slow = (samples) => Float64Array.from({ length: Math.floor(samples.length / 4) },
  (_, i) => samples[4 * i] + samples[4 * i + 1] + samples[4 * i + 2] + samples[4 * i + 3]);
const normOf = (x, from, to) => { let e = 0; for (let i = from; i < to; i++) e += x[i] * x[i]; return Math.sqrt(e); };

// Where a piece of sound is heard best: {score -1..1, at} (at in samples). A second from the piece's loudest
// part is looked for, so that a packet late by a jitter buffer's step does not spoil the rest.
export function findSound(heard, piece) {
  const h = slow(heard);
  const p = slow(piece);
  const length = Math.min(p.length, RATE / 4);
  let from = 0;
  for (let i = 0, best = -1; i + length <= p.length; i += 50) {
    const level = normOf(p, i, i + length);
    if (level > best) [best, from] = [level, i];
  }
  const level = normOf(p, from, from + length);
  const found = { score: 0, at: -1 };
  let energy = normOf(h, 0, length) ** 2;
  for (let at = 0; at + length <= h.length; at++) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += h[at + i] * p[from + i];
    const score = energy > 1 ? sum / (Math.sqrt(energy) * level) : 0;
    if (score > found.score) Object.assign(found, { score, at: 4 * (at - from) });
    energy += at + length < h.length ? h[at + length] ** 2 - h[at] ** 2 : 0;
  }
  return found;
}
