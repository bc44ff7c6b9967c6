import { createHash } from 'node:crypto';

import { membersOf } from '../../src/wire/members';

export type Edit = [number, number, string];
export type Piece = string | { sha256: string; base_sha256?: string; edits?: Edit[] };

export interface IReduced {
  event_id: string;
  session_id: string;
  sha256: string;
  pieces: Piece[];
}

const hash = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** The service's side: knows contents by session, and puts bodies together again. */
export class Restorer {
  readonly known = new Map<string, Map<string, Buffer>>();

  /** The bodies of a batch's text; null where a content is not known. */
  restore(text: string): (string | null)[] {
    const batch = JSON.parse(text) as { events: unknown[]; contents: unknown; sent_at: unknown };
    expect(batch.contents).toBe(true);
    expect(batch.sent_at).toBe(new Date(String(batch.sent_at)).toISOString());
    const [{ start, end }] = membersOf(text);
    const items = itemsOf(text.slice(start, end));
    expect(items.map(item => JSON.parse(item))).toEqual(batch.events);
    return items.map(item => {
      const event = JSON.parse(item) as Partial<IReduced>;
      return this.take(event.pieces ? (event as IReduced) : item);
    });
  }

  /** The body of an event, whole or reduced; its contents are known from now on. */
  take(event: string | IReduced): string | null {
    const body = typeof event === 'string' ? event : this._restored(event);
    if (body !== null) {
      this._learn((JSON.parse(body) as IReduced).session_id, body);
    }
    return body;
  }

  private _restored({ session_id, sha256, pieces }: IReduced): string | null {
    expect(pieces.length).toBeLessThanOrEqual(64);
    const known = this.known.get(session_id) ?? new Map<string, Buffer>();
    let body = '';
    for (const piece of pieces) {
      const part = typeof piece === 'string' ? piece : contentOf(piece, known);
      if (part === null) {
        return null;
      }
      body += part;
    }
    expect(hash(body)).toBe(sha256);
    return body;
  }

  private _learn(sessionId: string, body: string): void {
    const known = this.known.get(sessionId) ?? new Map<string, Buffer>();
    this.known.set(sessionId, known);
    membersOf(body).forEach(({ start, end }) => {
      const content = Buffer.from(body.slice(start, end));
      if (content.length >= 128) {
        known.set(hash(content), content);
      }
    });
  }
}

function contentOf(
  { sha256, base_sha256, edits = [] }: Exclude<Piece, string>,
  known: Map<string, Buffer>
): string | null {
  const base = known.get(base_sha256 ?? sha256);
  if (base === undefined) {
    return null;
  }
  const content = applied(base, edits);
  expect(hash(content)).toBe(sha256);
  return content.toString();
}

/** What becomes of a base by edits, each checked as the service checks it. */
export function applied(base: Buffer, edits: readonly Edit[]): Buffer {
  expect(edits.length).toBeLessThanOrEqual(200);
  const parts: Buffer[] = [];
  let end = 0;
  for (const [at, removed, inserted] of edits) {
    expect(at).toBeGreaterThanOrEqual(end);
    expect(at + removed).toBeLessThanOrEqual(base.length);
    expect([at, at + removed].some(place => ((base[place] ?? 0) & 0xc0) === 0x80)).toBe(false);
    parts.push(base.subarray(end, at), Buffer.from(inserted));
    end = at + removed;
  }
  return Buffer.concat([...parts, base.subarray(end)]);
}

/** The texts of an array's items. */
function itemsOf(array: string): string[] {
  const items: string[] = [];
  let at = 1;
  while (at < array.length - 1) {
    // A member's value is found where it stands; so is an item, as a member's value.
    const [{ end }] = membersOf(`{"":${array.slice(at)}`);
    items.push(array.slice(at, at + end - 4));
    at += end - 4 + 1;
  }
  return items;
}
