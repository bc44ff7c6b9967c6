/** What the queue's database tells of itself. It changes nothing. */

import { unwrap } from 'idb';

import { askEntries, readTogether } from './connection';
import type {
  IContact,
  ILoss,
  IRejectedEvent,
  IStoredEvent,
  QueueConnection,
  StoreName
} from './database';
import { droppedName, NOT_KEPT, QUEUE_FULL } from './losses';
import type { IQueueContents } from './saving';

/** How things stand with a queue: what waits in it, and what became of the rest. */
export interface IStanding {
  /** Events, and reports of what was given up. */
  waiting: number;
  /** Of those, the ones that are not the student's; 0 where none is named. */
  foreignCount: number;
  /** The last exchange with the service, by any tab. */
  contact: IContact | undefined;
  /** How many events were ever refused for good, and the last of them. */
  rejectedCount: number;
  lastRejection: IRejectedEvent | null;
  /** How many events were ever given up, by reason. */
  dropped: Map<string, number>;
}

const STORES: StoreName[] = ['events', 'losses', 'contact', 'counts', 'rejected'];

/** How it stands on the disk. It is read after each request, so all of it in one transaction. */
export async function readStanding(
  connection: QueueConnection,
  studentId: string | null
): Promise<IStanding> {
  return connection.run(db =>
    readTogether(unwrap(db), STORES, store => {
      const events = store('events').count();
      const own = studentId === null ? null : store('events').index('studentId').count(studentId);
      const losses: IDBRequest<ILoss[]> = store('losses').getAll();
      const contact: IDBRequest<IContact | undefined> = store('contact').get('last');
      const counts = askEntries<number>(store('counts'));
      const last = store('rejected').openCursor(null, 'prev');
      return () => {
        const count = counts();
        const others = losses.result.filter(loss => loss.studentId !== studentId);
        return {
          waiting: events.result + losses.result.length,
          foreignCount: own === null ? 0 : events.result - own.result + others.length,
          contact: contact.result,
          rejectedCount: count.get('rejected') ?? 0,
          lastRejection: (last.result?.value as IRejectedEvent | undefined) ?? null,
          dropped: droppedOf(count)
        };
      };
    })
  );
}

/** All that it holds, for a person to look at. */
export async function readContents(connection: QueueConnection): Promise<IQueueContents> {
  return connection.run(db =>
    readTogether(unwrap(db), STORES, store => {
      const events: IDBRequest<IStoredEvent[]> = store('events').getAll();
      const rejected: IDBRequest<IRejectedEvent[]> = store('rejected').getAll();
      const losses: IDBRequest<ILoss[]> = store('losses').getAll();
      const counts = askEntries<number>(store('counts'));
      return () => ({
        bodies: events.result.map(({ body }) => body),
        rejected: rejected.result,
        losses: losses.result,
        dropped: droppedOf(counts())
      });
    })
  );
}

function droppedOf(counts: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    [QUEUE_FULL, NOT_KEPT].map(reason => [reason, counts.get(droppedName(reason)) ?? 0])
  );
}
