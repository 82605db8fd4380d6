import { watch } from 'vue';

/**
 * A switch whose state comes back by events. Pressed again before they are here, it goes on from what was asked last
 * and after it, so that two quick presses of F3 are mute and unmute, not mute twice. `actual` null: there is nothing
 * to be switched now.
 */
export function useToggle(actual: () => boolean | null, ask: (on: boolean) => Promise<void>): () => Promise<void> {
  let wished: boolean | null = null;
  let before: Promise<void> = Promise.resolve();
  watch(actual, (now) => {
    if (now === null || now === wished) wished = null;
  });
  return () => {
    const now = actual();
    if (now === null) return Promise.resolve();
    const on = !(wished ?? now);
    wished = on;
    const asked = before.then(() => ask(on)).catch((error: unknown) => {
      wished = null;
      throw error;
    });
    before = asked.catch(() => undefined);
    return asked;
  };
}
