/** The socket of the class that is shown. */

import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { ApiError } from '../api/problems';
import { ClassSocket } from '../api/socket';
import type { Connection } from '../api/socket';
import { useWorld } from '../world';
import type { World } from '../world';

/** A socket that follows the class while the component is shown, and its connection. */
export function useSocket(class_id: string): { socket: ClassSocket; connection: Connection } {
  const world = useWorld();
  const socket = useMemo(() => createSocket(world, class_id), [world, class_id]);
  useEffect(() => {
    const stop = socket.start();
    const restart = (): void => socket.restart();
    window.addEventListener('online', restart);
    return () => {
      window.removeEventListener('online', restart);
      stop();
    };
  }, [socket]);
  const connection = useSyncExternalStore(socket.onConnection, () => socket.connection);
  return { socket, connection };
}

function createSocket({ api, connect }: World, class_id: string): ClassSocket {
  const isSignedIn = async (): Promise<boolean> => {
    try {
      await api.me();
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.status === 401);
    }
  };
  return new ClassSocket({ class_id, connect, isSignedIn, random: Math.random });
}
