/** How one event travels: whole, or with contents as their hashes. */

import { contentOf, Contents, type IContent } from './contents';
import { type Edit, editsOf } from './delta';
import { type IMember, membersOf } from './members';
import { utf8Length } from './utf8';

/** A piece of a body: its text, a known content, or what becomes of one by edits. */
export type Piece =
  { text: string } | { content: IContent } | { content: IContent; base: IContent; edits: Edit[] };

/** An event on its way. `pieces` is null where it travels whole. */
export interface IPlan {
  body: string;
  eventId: string;
  sessionId: string;
  pieces: Piece[] | null;
  /** What the service knows of it once it is stored. */
  contents: IContent[];
}

/** What may be referred to, and by what means. */
export interface IView {
  /** Contents of events that were acknowledged. */
  known: Contents;
  /** Contents of events that stand earlier in the same batch. */
  offered: Contents;
  /** Whether a content stands in full where the compression can still refer to it. */
  isNear: (text: string) => boolean;
  useDeltas: boolean;
}

const MAX_PIECES = 64;
// What things cost in bytes when compressed, roughly: a hash is half as long as its hex text, a text
// shrinks to 40 %, and what stands within reach costs next to nothing.
const HASH_COST = 40;
const REDUCED_COST = 75;
const EDIT_COST = 6;
const TEXT_RATIO = 0.4;
const NEAR_RATIO = 0.012;

/** Plan an event that may be reduced where `mayReduce`. */
export function plan(body: string, mayReduce: boolean, view: IView): IPlan {
  const members = membersOf(body);
  const text = (name: string): string => stringOf(body, members, name);
  const [eventId, sessionId] = [text('event_id'), text('session_id')];
  const cell = text('cell_id');
  const spans = members.flatMap(({ name, start, end }) => {
    const content = contentOf(sessionId, `${name}:${cell}`, body.slice(start, end));
    return content === null ? [] : [{ start, end, content }];
  });
  const contents = spans.map(({ content }) => content);
  const isNamed = eventId !== '' && sessionId !== '';
  const pieces = mayReduce && isNamed ? piecesOf(body, spans, view) : null;
  return { body, eventId, sessionId, pieces, contents };
}

function stringOf(body: string, members: readonly IMember[], name: string): string {
  const member = members.find(each => each.name === name);
  const value: unknown = member && JSON.parse(body.slice(member.start, member.end));
  return typeof value === 'string' ? value : '';
}

interface ISpan {
  start: number;
  end: number;
  content: IContent;
}

/** The pieces of a body, or null where they cost no less than the whole. */
function piecesOf(body: string, spans: readonly ISpan[], view: IView): Piece[] | null {
  const pieces: Piece[] = [];
  let [at, saved] = [0, 0];
  for (const { start, end, content } of spans) {
    const found = cheapest(content, view);
    if (found !== null && pieces.length < MAX_PIECES - 2) {
      pieces.push({ text: body.slice(at, start) }, found.piece);
      saved += found.saved;
      at = end;
    }
  }
  if (saved <= REDUCED_COST) {
    return null;
  }
  return [...pieces, { text: body.slice(at) }];
}

interface IFound {
  piece: Piece;
  saved: number;
}

/** The piece that stands for a content, if one is cheaper than its text. */
function cheapest(content: IContent, view: IView): IFound | null {
  const { sessionId, text, bytes } = content;
  const cost = bytes * (view.isNear(text) ? NEAR_RATIO : TEXT_RATIO);
  const known = view.offered.find(sessionId, text) ?? view.known.find(sessionId, text);
  if (known !== undefined) {
    view.known.touch(known);
    return HASH_COST < cost ? { piece: { content: known }, saved: cost - HASH_COST } : null;
  }
  return view.useDeltas && 2 * HASH_COST < cost ? delta(content, cost, view) : null;
}

function delta(content: IContent, cost: number, view: IView): IFound | null {
  const { sessionId, role, text } = content;
  const base = view.offered.last(sessionId, role) ?? view.known.last(sessionId, role);
  if (base === undefined || view.isNear(base.text)) {
    // What is within reach is its own base: the compression finds what they have in common.
    return null;
  }
  const edits = editsOf(base.text, text);
  const inserted = edits.reduce((sum, edit) => sum + utf8Length(edit[2]), 0);
  const saved = cost - 2 * HASH_COST - edits.length * EDIT_COST - inserted * TEXT_RATIO;
  if (saved <= 0) {
    return null;
  }
  view.known.touch(base);
  return { piece: { content, base, edits }, saved };
}
