/** One output of a run as far as it fits into an event. */

import { type JsonObject, MAX_ERROR_NAME_LENGTH } from './contract';
import { clip } from './text';

// An event may be nested 64 deep, and an output's value stands five levels down.
const MAX_VALUE_DEPTH = 50;

/** What the brackets and names of an output take, in bytes. */
export const FRAME_BYTES = 200;

/** An output in nbformat's form. `bytes` is what it takes in UTF-8 JSON, at most. */
export interface IFittedOutput {
  output: JsonObject;
  bytes: number;
  displayId: string | null;
}

/**
 * The output of a `display_data`, `execute_result` or `error` message.
 *
 * A text over `mimeBytes` is cut, anything else left out; `truncationMark` says which.
 */
export function fitOutput(type: string, content: JsonObject, mimeBytes: number): IFittedOutput {
  if (type === 'error') {
    return fitErrorOutput(content);
  }
  const bundle = fitBundle(asObject(content['data']), mimeBytes);
  const metadata = fitMetadata(asObject(content['metadata']), mimeBytes);
  const output: JsonObject = {
    output_type: type,
    data: bundle.data,
    metadata: { ...metadata.data, ...truncationMark({ ...bundle.cut, ...metadata.cut }) }
  };
  if (type === 'execute_result') {
    output['execution_count'] = content['execution_count'] ?? null;
  }
  return {
    output,
    bytes: bundle.bytes + metadata.bytes + FRAME_BYTES,
    displayId: displayIdOf(content)
  };
}

function fitErrorOutput(content: JsonObject): IFittedOutput {
  const { name, message, traceback, bytes } = fitError(content);
  const output = { output_type: 'error', ename: name, evalue: message, traceback };
  return { output, bytes: bytes + FRAME_BYTES, displayId: null };
}

/** An exception as far as it fits, and what it takes in UTF-8 JSON. */
export interface IFittedError {
  name: string;
  message: string;
  traceback: string[];
  bytes: number;
}

// A RecursionError's traceback is about 4 KiB; chained exceptions with long lines reach 20 KiB.
const MAX_TRACEBACK_BYTES = 32 * 1024;
const MAX_MESSAGE_BYTES = 8 * 1024;
const LEFT_OUT = '[…]';

/**
 * The exception of an `error` message or of an `execute_reply`.
 *
 * A traceback over the bound loses entries from its middle, where `[…]` stands instead: its ends
 * say where and what.
 */
export function fitError(content: JsonObject): IFittedError {
  const name = clip(String(content['ename'] ?? '') || 'Error', MAX_ERROR_NAME_LENGTH);
  const message = clip(String(content['evalue'] ?? ''), MAX_MESSAGE_BYTES);
  const traceback = fitEntries(
    Array.isArray(content['traceback']) ? content['traceback'].map(String) : []
  );
  return {
    name: name.text,
    message: message.text,
    traceback: traceback.entries,
    bytes: name.bytes + message.bytes + traceback.bytes
  };
}

function fitEntries(traceback: string[]): { entries: string[]; bytes: number } {
  const clipped = traceback.map(entry => clip(entry, MAX_TRACEBACK_BYTES / 2 - FRAME_BYTES));
  let bytes = clipped.reduce((sum, entry) => sum + entry.bytes + 3, 0);
  const entries = clipped.map(
    entry => entry.text + (entry.originalLength === null ? '' : LEFT_OUT)
  );
  const middle = (): number => Math.floor((clipped.length - 1) / 2);
  let removed = 0;
  while (bytes > MAX_TRACEBACK_BYTES - FRAME_BYTES) {
    const at = middle();
    bytes -= clipped[at].bytes + 3;
    clipped.splice(at, 1);
    entries.splice(at, 1);
    removed += 1;
  }
  if (removed > 0) {
    entries.splice(middle() + 1, 0, LEFT_OUT);
  }
  return { entries, bytes: bytes + FRAME_BYTES };
}

interface IFitted {
  data: JsonObject;
  bytes: number;
  cut: Record<string, number>;
}

function fitBundle(bundle: JsonObject, mimeBytes: number): IFitted {
  const fitted: IFitted = { data: {}, bytes: 0, cut: {} };
  for (const [mime, value] of Object.entries(bundle)) {
    const text = asText(mime, value);
    if (text !== null) {
      fitText(fitted, mime, text, mimeBytes);
    } else {
      fitJson(fitted, mime, value, mimeBytes);
    }
  }
  return fitted;
}

function fitMetadata(metadata: JsonObject, mimeBytes: number): IFitted {
  const fitted: IFitted = { data: {}, bytes: 0, cut: {} };
  if (Object.keys(metadata).length > 0) {
    fitJson(fitted, 'metadata', metadata, mimeBytes);
    fitted.data = asObject(fitted.data['metadata']);
  }
  return fitted;
}

function fitText(fitted: IFitted, mime: string, text: string, mimeBytes: number): void {
  const clipped = clip(text, mimeBytes);
  if (clipped.originalLength !== null) {
    fitted.cut[mime] = clipped.originalLength;
    // Half an image shows nothing; half a text does.
    if (!mime.startsWith('text/')) {
      return;
    }
  }
  fitted.data[mime] = clipped.text;
  fitted.bytes += clipped.bytes + mime.length + 6;
}

function fitJson(fitted: IFitted, name: string, value: unknown, mimeBytes: number): void {
  const json = JSON.stringify(value ?? null);
  const clipped = clip(json, mimeBytes);
  if (clipped.originalLength !== null || isDeep(value, MAX_VALUE_DEPTH)) {
    fitted.cut[name] = json.length;
    return;
  }
  fitted.data[name] = JSON.parse(json);
  fitted.bytes += clipped.bytes + name.length + 6;
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return levels === 0 || Object.values(value).some(each => isDeep(each, levels - 1));
}

function asText(mime: string, value: unknown): string | null {
  if (typeof value === 'string') {
    return value;
  }
  return mime.startsWith('text/') && Array.isArray(value) ? value.map(String).join('') : null;
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

/** The name under which `update_display_data` finds an output again. */
export function displayIdOf(content: JsonObject): string | null {
  const id = asObject(content['transient'])['display_id'];
  return typeof id === 'string' ? id : null;
}

/** Says in an output's metadata what was cut, with its whole length in characters. */
export function truncationMark(lengths: Record<string, number>): JsonObject {
  return Object.keys(lengths).length === 0
    ? {}
    : { cell_monitor: { truncated: true, original_lengths: lengths } };
}
