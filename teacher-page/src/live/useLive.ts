/** The live grid of the chosen notebook and time. */

import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useWorld } from '../world';
import type { World } from '../world';
import { ERRORS_SHOWN } from './errors';
import { useClass } from './frame';
import type { ClassShown } from './frame';
import { LiveStore } from './store';
import type { Live } from './store';

const HIDDEN_MS = 1_000;

/** What is shown, moving with the class. */
export function useLive(notebook_key: string | null, since: string | null): Live {
  const world = useWorld();
  const { detail, socket } = useClass();
  const { class_id } = detail;
  const store = useMemo(
    () => createStore(world, socket, { class_id, notebook_key, since }),
    [world, socket, class_id, notebook_key, since]
  );
  useEffect(() => {
    const leave = socket.onMessage(message => store.receive(message));
    const stop = store.start();
    return () => {
      stop();
      leave();
    };
  }, [store, socket]);
  return useSyncExternalStore(store.subscribe, store.getState);
}

interface Looked {
  class_id: string;
  notebook_key: string | null;
  since: string | null;
}

function createStore(
  { api, clock }: World,
  socket: ClassShown['socket'],
  { class_id, ...query }: Looked
): LiveStore {
  return new LiveStore({
    notebook_key: query.notebook_key,
    load: async () => {
      const [progress, errors] = await Promise.all([
        api.progress(class_id, query),
        api.errors(class_id, { ...query, limit: ERRORS_SHOWN })
      ]);
      return { progress, errors };
    },
    now: () => clock.now(),
    frame: nextFrame,
    onSilence: () => {
      if (socket.connection === 'live') {
        socket.restart();
      }
    }
  });
}

// A hidden tab draws no pictures, but what came must not pile up.
function nextFrame(callback: () => void): void {
  const act = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    callback();
  };
  const frame = requestAnimationFrame(act);
  const timer = setTimeout(act, HIDDEN_MS);
}
