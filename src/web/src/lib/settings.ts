// What is set is read, typed into, saved: one set of settings that a center has once, or a row of a list in its form.
// Nothing typed is lost, neither to the answer to a save that was on its way meanwhile nor to what somebody else saved.
import { computed, onMounted, ref, type ComputedRef, type Ref } from 'vue';
import { ApiError, api } from '../api';
import { useAttempt } from './form';

interface Versioned { version: number }
interface Settings<T> extends Omit<ReturnType<typeof useAttempt>, 'forget'> {
  settings: Ref<T | null>;
  /** As they were read, whatever was typed since. */
  stored: Ref<T | null>;
  /** What is shown is what was saved here last. */
  saved: ComputedRef<boolean>;
  load: () => Promise<boolean>; save: () => Promise<void>;
}
const THEIRS = '此内容在您打开之后已被他人修改，现在显示的是他人保存的内容和您改过的项目，请核对后再保存';

const copy = <T>(of: T): T => JSON.parse(JSON.stringify(of)) as T;
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What came, but for the fields in which `now` is not what it was: those were typed. */
function renewed<T extends object>(now: T, was: T, came: T): T {
  const typed = Object.entries(now).filter(([name, value]) => !same(value, was[name as keyof T]));
  return { ...came, ...Object.fromEntries(typed) };
}

const isStale = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 412;

/** The form of a row. `opened`: it shows this now; `put` sends it, and where somebody else was first, what he saved
 * comes in beside what was typed. `read` gives the row as it is stored then, nothing if it is gone. */
export function useRow<F extends object>(): { opened: (form: F) => F; put: (form: F, send: () => Promise<unknown>, read: () => Promise<F | undefined>) => Promise<void> } {
  let was: F | null = null;
  return {
    opened: (form) => {
      was = copy(form);
      return form;
    },
    put: async (form, send, read) => {
      const mine = was;
      try {
        await send();
      } catch (error) {
        const found = isStale(error) ? await read() : undefined;
        if (!mine || !found || !isStale(error) || was !== mine) throw error; // another row is open by now
        Object.assign(form, renewed(form, mine, copy(found)));
        was = copy(found);
        throw new ApiError(error.status, error.code, THEIRS);
      }
    },
  };
}

/** `body` makes of them what is sent; `center`: whose they are, else the own center's. Read when the page is there. */
export function useSettings<T extends Versioned>(path: string, body: (settings: T) => object, center?: Ref<number>): Settings<T> {
  const settings = ref(null) as Ref<T | null>;
  const stored = ref(null) as Ref<T | null>;
  const done = ref(false);
  const saved = computed(() => done.value && same(settings.value, stored.value));
  const { saving, problem, errors, attempt } = useAttempt();
  let turn = 0; // an answer to an older question comes too late
  let shown = ''; // where what is shown came from
  const where = (): string => (center ? `${path}?center_id=${center.value}` : path);

  async function read(mine: number, from: string, was: T | null): Promise<void> {
    const came = await api.get<T>(from);
    if (mine !== turn) return;
    settings.value = settings.value && was ? renewed(settings.value, was, came) : copy(came);
    stored.value = came;
    shown = from;
  }
  function load(): Promise<boolean> {
    const mine = ++turn;
    done.value = false;
    return attempt(() => read(mine, where(), null));
  }
  async function send(mine: number, sent: T): Promise<void> {
    const to = shown;
    try {
      await api.put(to, body(sent), sent.version);
    } catch (error) {
      if (!isStale(error)) throw error;
      await read(mine, to, stored.value);
      throw new ApiError(error.status, error.code, THEIRS);
    }
    await read(mine, to, sent);
  }
  async function save(): Promise<void> {
    if (!settings.value || shown !== where()) return; // another center's are on their way
    const mine = ++turn;
    const sent = copy(settings.value);
    done.value = false;
    const went = await attempt(() => send(mine, sent));
    if (mine === turn) done.value = went;
  }
  onMounted(load);
  return { settings, stored, saved, saving, problem, errors, attempt, load, save };
}
