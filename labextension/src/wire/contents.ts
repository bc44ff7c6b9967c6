/** The contents that the service is believed to know, session by session. */

import { sha256Hex, utf8Length } from './utf8';

/** The service takes shorter ones for no contents. */
export const MIN_CONTENT_BYTES = 128;

/** The text of a member's value. `role` is its place: what is in the same place is alike. */
export interface IContent {
  sessionId: string;
  role: string;
  text: string;
  bytes: number;
  /** Its hash, once it was needed. */
  sha256?: Promise<string>;
}

/** The hash of a content, which is made once. */
export async function hashOf(content: IContent): Promise<string> {
  content.sha256 ??= sha256Hex(content.text);
  return content.sha256;
}

/** A text that may be a content; null where it is too short. */
export function contentOf(sessionId: string, role: string, text: string): IContent | null {
  const bytes = text.length >= MIN_CONTENT_BYTES ? text.length : utf8Length(text);
  return bytes < MIN_CONTENT_BYTES ? null : { sessionId, role, text, bytes: utf8Length(text) };
}

interface ISession {
  byText: Map<string, IContent>;
  /** The last content in each place. */
  byRole: Map<string, IContent>;
}

/** Contents by session; over `maxBytes` those that were not used for the longest time go. */
export class Contents {
  constructor(private readonly _maxBytes: number) {}

  /** The content of a session with exactly this text. */
  find(sessionId: string, text: string): IContent | undefined {
    return this._sessions.get(sessionId)?.byText.get(text);
  }

  /** The last content of a session in a place. */
  last(sessionId: string, role: string): IContent | undefined {
    return this._sessions.get(sessionId)?.byRole.get(role);
  }

  /** The service has this content now. */
  add(content: IContent): void {
    const { sessionId, role, text } = content;
    let session = this._sessions.get(sessionId);
    if (session === undefined) {
      session = { byText: new Map(), byRole: new Map() };
      this._sessions.set(sessionId, session);
    }
    const known = session.byText.get(text) ?? content;
    this._bytes += session.byText.has(text) ? 0 : content.bytes;
    session.byText.set(text, known);
    session.byRole.set(role, known);
    this._order.delete(known);
    this._order.add(known);
    this._shrink();
  }

  /** Use a content: it is kept for longer. */
  touch(content: IContent): void {
    if (this._order.delete(content)) {
      this._order.add(content);
    }
  }

  /** The service does not know what it was believed to know of a session. */
  forget(sessionId: string): void {
    this._sessions.get(sessionId)?.byText.forEach(content => {
      this._order.delete(content);
      this._bytes -= content.bytes;
    });
    this._sessions.delete(sessionId);
  }

  private _shrink(): void {
    for (const content of this._order) {
      if (this._bytes <= this._maxBytes) {
        return;
      }
      this._remove(content);
    }
  }

  private _remove(content: IContent): void {
    const { sessionId, text, bytes } = content;
    const session = this._sessions.get(sessionId);
    this._order.delete(content);
    this._bytes -= bytes;
    session?.byText.delete(text);
    session?.byRole.forEach((last, role) => last === content && session.byRole.delete(role));
    if (session?.byText.size === 0) {
      this._sessions.delete(sessionId);
    }
  }

  private readonly _sessions = new Map<string, ISession>();
  /** The least recently used first. */
  private readonly _order = new Set<IContent>();
  private _bytes = 0;
}
