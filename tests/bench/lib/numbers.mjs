export const round = (value, digits = 1) => (Number.isFinite(value) ? Math.round(value * 10 ** digits) / 10 ** digits : null);

export function quantile(sorted, q) { return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] : NaN; }

export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q) => round(quantile(sorted, q), 2);
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: round(sorted.at(-1) ?? NaN, 2) };
}

export const sleep = (ms) => new Promise((wake) => { setTimeout(wake, ms); });
