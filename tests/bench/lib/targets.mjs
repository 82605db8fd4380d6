// What a figure must be below, said beside it: part.targets is what the table and bench.json show with yes or no.
export function below(what, measured, limit, unit) {
  return { what, measured, limit, unit, met: Number.isFinite(measured) && measured < limit };
}

// Every target of a run that was missed, for the last line of the table; a part that failed has missed its own.
export const missed = (out) => Object.entries(out.parts)
  .flatMap(([part, p]) => (p.error ? [`${part}: failed`] : (p.targets ?? []).filter((t) => !t.met).map((t) => `${part}: ${t.what}`)));
