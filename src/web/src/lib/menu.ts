// The menu: daily places in the rail, and behind 设置 a second column by group. Whoever may not go there does not see it.
import { Setting } from '@element-plus/icons-vue';
import { computed, type ComputedRef } from 'vue';
import { GROUPS, PLACES, mayGo, type Entry } from './places';

export type MenuPlace = Entry & { path: string };
export const SETTINGS_ICON = Setting;

export function useMenu(): { daily: ComputedRef<MenuPlace[]>; settings: ComputedRef<{ name: string; places: MenuPlace[] }[]> } {
  const open = computed(() => PLACES.filter(mayGo).flatMap((place) => (place.menu ? [{ ...place.menu, path: place.path.split('/:')[0]! }] : [])));
  return {
    daily: computed(() => open.value.filter((place) => !place.group)),
    settings: computed(() => GROUPS.map((name) => ({ name, places: open.value.filter((place) => place.group === name) })).filter((group) => group.places.length)),
  };
}
