/** What the pages of one class share. */

import { createContext, useContext } from 'react';
import type { ClassSocket, Connection } from '../api/socket';
import type { ClassDetail } from '../contract';
import type { Labels } from './labels';

/** `visited`: the student whose page was left last, to come back to their row. */
export interface ClassShown {
  detail: ClassDetail;
  labels: Labels;
  socket: ClassSocket;
  connection: Connection;
  visited: string | null;
  visit: (student_id: string | null) => void;
}

export const ClassContext = createContext<ClassShown | null>(null);

export function useClass(): ClassShown {
  const shown = useContext(ClassContext);
  if (!shown) {
    throw new Error('A component stands outside a class.');
  }
  return shown;
}
