/** What waits, as a file: for a student who wants to be sure, or a teacher who has to help. */

import type { ILoss, IRejectedEvent } from './database';
import { sizeOf } from './ranges';

/** What a queue holds. `losses` are given up and not reported yet; `dropped` counts all, by reason. */
export interface IQueueContents {
  bodies: string[];
  rejected: IRejectedEvent[];
  losses: ILoss[];
  dropped: ReadonlyMap<string, number>;
}

/**
 * The contents as a JSON file. Events stand in it exactly as they are queued, so that they can be
 * sent from it.
 */
export function fileOf(contents: IQueueContents, now: Date): Blob {
  const { bodies, rejected, losses, dropped } = contents;
  const parts = [
    `{"format":"cell-monitor-events","exported_at":${JSON.stringify(now.toISOString())},"events":[`,
    ...separated(bodies),
    '],"rejected":[',
    ...separated(rejected.map(rejectedText)),
    '],"dropped":',
    JSON.stringify(losses.map(lossFields)),
    ',"dropped_counts":',
    JSON.stringify(Object.fromEntries(dropped)),
    '}\n'
  ];
  return new Blob(parts, { type: 'application/json' });
}

function separated(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => (index === 0 ? ['\n', text] : [',\n', text]));
}

function rejectedText({ code, detail, field, rejectedAt, body }: IRejectedEvent): string {
  const reason = JSON.stringify({ code, detail, field, rejected_at: rejectedAt });
  return `${reason.slice(0, -1)},"event":${body}}`;
}

function lossFields({ sessionId, path, reason, ranges }: ILoss): object {
  const count = sizeOf(ranges);
  return { session_id: sessionId, notebook_path: path, reason, ranges, count };
}

/** A name that says what it is, whose, and when: `cell-monitor-student-01-2026-04-01-0900.json`. */
export function fileName(user: string, now: Date): string {
  const owner = user.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const [day, time] = now.toLocaleString('sv').split(' ');
  const parts = ['cell-monitor', owner, day, time.slice(0, 5).replace(':', '')];
  return `${parts.filter(part => part !== '').join('-')}.json`;
}

// A browser may still read the file for a moment after it was handed over.
const READ_MS = 60_000;

/** Let the browser save a file. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
