/** What the queue's database tells of itself. It changes nothing. */

import type { IRejectedEvent, QueueConnection, QueueDatabase } from './database';
import { droppedName, NOT_KEPT, QUEUE_FULL } from './losses';
import type { IQueueContents } from './saving';

/** How many events wait, reports of what was given up among them. */
export async function countWaiting(connection: QueueConnection): Promise<number> {
  return connection.run(async db => {
    const reading = db.transaction(['events', 'losses']);
    const [events, losses] = await Promise.all([
      reading.objectStore('events').count(),
      reading.objectStore('losses').count()
    ]);
    return events + losses;
  });
}

/** How many of those are not of `studentId`. */
export async function countForeign(
  connection: QueueConnection,
  studentId: string
): Promise<number> {
  return connection.run(async db => {
    const reading = db.transaction(['events', 'losses']);
    const events = reading.objectStore('events');
    const [all, own, losses] = await Promise.all([
      events.count(),
      events.index('studentId').count(studentId),
      reading.objectStore('losses').getAll()
    ]);
    return all - own + losses.filter(loss => loss.studentId !== studentId).length;
  });
}

/** How many events were ever refused for good, and the last ones of them, oldest first. */
export async function readRejected(
  connection: QueueConnection
): Promise<{ count: number; events: IRejectedEvent[] }> {
  return connection.run(async db => ({
    count: (await db.get('counts', 'rejected')) ?? 0,
    events: await db.getAll('rejected')
  }));
}

/** How many events were ever given up, by reason. */
export async function readDropped(connection: QueueConnection): Promise<Map<string, number>> {
  return connection.run(droppedIn);
}

/** All that it holds, for a person to look at. */
export async function readContents(connection: QueueConnection): Promise<IQueueContents> {
  return connection.run(async db => ({
    bodies: (await db.getAll('events')).map(({ body }) => body),
    rejected: await db.getAll('rejected'),
    losses: await db.getAll('losses'),
    dropped: await droppedIn(db)
  }));
}

async function droppedIn(db: QueueDatabase): Promise<Map<string, number>> {
  const counts = [QUEUE_FULL, NOT_KEPT].map(async (reason): Promise<[string, number]> => {
    return [reason, (await db.get('counts', droppedName(reason))) ?? 0];
  });
  return new Map(await Promise.all(counts));
}
