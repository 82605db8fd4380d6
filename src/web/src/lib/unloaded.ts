// A page that could not be opened because a part of it did not come: the network went away for a moment, or the daemon has
// other parts since an update. The browser keeps what failed, so only loading all of it anew helps (UnloadedBand.vue).
import { ref } from 'vue';
import type { RouteComponent } from 'vue-router';

/** Its address; "" = none. */
export const unloaded = ref('');

export class Unloaded extends Error {}
/** A part whose failure is known for what it is. */
export const part = (load: () => Promise<RouteComponent>) => (): Promise<RouteComponent> => load().catch((cause: unknown) => {
  throw new Unloaded('页面没有加载成功', { cause });
});
