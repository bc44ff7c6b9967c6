/** What a cell put out, as parts that can be shown without being interpreted. */

import { visibleLine, visibleOutput } from '../text/visible';

export type OutputPart =
  | { kind: 'text'; text: string }
  | { kind: 'image'; src: string }
  | { kind: 'hidden'; mime: string };

type Json = Record<string, unknown>;

const IMAGES = ['image/png', 'image/jpeg'];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const READ_AS_TEXT = ['text/plain', 'text/markdown', 'text/latex', 'application/json'];

/** The parts of an output: a list as in a notebook, or one object `{"data": …}`. */
export function outputParts(output: unknown): OutputPart[] {
  const outputs = Array.isArray(output) ? output : [output];
  return joined(outputs.flatMap(partsOf)).map(part =>
    part.kind === 'text' ? { ...part, text: visibleOutput(part.text) } : part
  );
}

function partsOf(output: unknown): OutputPart[] {
  if (typeof output === 'string') {
    return [{ kind: 'text', text: output }];
  }
  // An error is shown by its traceback.
  if (!isObject(output) || output['output_type'] === 'error') {
    return [];
  }
  if (output['text'] !== undefined) {
    return [{ kind: 'text', text: textOf(output['text']) }];
  }
  const data = output['data'];
  if (isObject(data)) {
    return bundleParts(data);
  }
  return data === undefined || data === null ? [] : [{ kind: 'text', text: textOf(data) }];
}

// Of the forms of one thing: an image where there is one, else its text; what is left is named.
function bundleParts(bundle: Json): OutputPart[] {
  for (const mime of IMAGES) {
    const base64 = textOf(bundle[mime] ?? '').replace(/\s/g, '');
    if (BASE64.test(base64)) {
      return [{ kind: 'image', src: `data:${mime};base64,${base64}` }];
    }
  }
  const readable = READ_AS_TEXT.find(mime => bundle[mime] !== undefined);
  if (readable) {
    return [{ kind: 'text', text: `${textOf(bundle[readable])}\n` }];
  }
  return Object.keys(bundle).map(mime => ({ kind: 'hidden', mime: visibleLine(mime, 60) }));
}

// Streams come in pieces; a line may be split between two.
function joined(parts: readonly OutputPart[]): OutputPart[] {
  const result: OutputPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') {
      result[result.length - 1] = { kind: 'text', text: last.text + part.text };
    } else {
      result.push(part);
    }
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value) && value.every(line => typeof line === 'string')) {
    return value.join('');
  }
  return JSON.stringify(value, null, 2);
}
