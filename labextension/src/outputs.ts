/** The outputs of one run, collected from its messages as nbformat would hold them. */

import type { JsonObject } from './contract';
import { displayIdOf, FRAME_BYTES, fitOutput, type IFittedOutput, truncationMark } from './fitting';
import { clip, withoutOverwritten } from './text';

/** The bounds of what an event carries, in bytes of UTF-8 JSON. */
export interface ISizes {
  /** One mime type of one output, one stream, one traceback. */
  mimeBytes: number;
  /** All outputs of one run together. */
  outputBytes: number;
}

interface IStream {
  name: string;
  text: string;
  droppedLength: number;
}

/** Collects as messages arrive. Whatever is left out is marked in `metadata.cell_monitor`. */
export class OutputCollector {
  constructor(private _sizes: ISizes) {}

  /** Take a message of the IOPub channel; others are ignored. */
  take(type: string, content: JsonObject): void {
    if (type === 'stream') {
      this._takeStream(String(content['name'] ?? 'stdout'), String(content['text'] ?? ''));
    } else if (type === 'clear_output') {
      this._takeClear(content['wait'] === true);
    } else if (type === 'update_display_data') {
      this._takeUpdate(content);
    } else if (type === 'display_data' || type === 'execute_result' || type === 'error') {
      this._add(fitOutput(type, content, this._sizes.mimeBytes));
    }
  }

  /** All outputs so far, in nbformat's form. */
  outputs(): JsonObject[] {
    this._closeStream();
    const outputs = this._collected.map(item => item.output);
    if (this._droppedOutputs > 0) {
      const mark = { truncated: true, dropped_outputs: this._droppedOutputs };
      outputs.push({ output_type: 'display_data', data: {}, metadata: { cell_monitor: mark } });
    }
    return outputs;
  }

  private _takeStream(name: string, text: string): void {
    this._clearIfWaiting();
    if (this._stream !== null && this._stream.name !== name) {
      this._closeStream();
    }
    this._stream ??= { name, text: '', droppedLength: 0 };
    append(this._stream, text, this._sizes.mimeBytes);
  }

  private _takeClear(wait: boolean): void {
    if (wait) {
      this._clearBeforeNext = true;
      return;
    }
    this._collected = [];
    this._stream = null;
    this._bytes = 0;
    this._droppedOutputs = 0;
    this._clearBeforeNext = false;
  }

  private _clearIfWaiting(): void {
    if (this._clearBeforeNext) {
      this._takeClear(false);
    }
  }

  private _takeUpdate(content: JsonObject): void {
    const displayId = displayIdOf(content);
    const shown = this._collected.filter(item => item.displayId === displayId);
    if (displayId === null || shown.length === 0) {
      return;
    }
    const update = fitOutput('display_data', content, this._sizes.mimeBytes);
    for (const item of shown) {
      if (this._bytes + update.bytes - item.bytes <= this._sizes.outputBytes) {
        const { data, metadata } = update.output;
        this._bytes += update.bytes - item.bytes;
        item.output = { ...item.output, data, metadata };
        item.bytes = update.bytes;
      }
    }
  }

  private _add(item: IFittedOutput): void {
    this._clearIfWaiting();
    this._closeStream();
    this._keep(item);
  }

  private _keep(item: IFittedOutput): void {
    if (this._bytes + item.bytes > this._sizes.outputBytes) {
      this._droppedOutputs += 1;
      return;
    }
    this._bytes += item.bytes;
    this._collected.push(item);
  }

  private _closeStream(): void {
    const stream = this._stream;
    this._stream = null;
    if (stream !== null) {
      const room = this._sizes.outputBytes - this._bytes - FRAME_BYTES;
      this._keep(closed(stream, Math.min(this._sizes.mimeBytes, Math.max(0, room))));
    }
  }

  private _collected: IFittedOutput[] = [];
  private _stream: IStream | null = null;
  private _bytes = 0;
  private _droppedOutputs = 0;
  private _clearBeforeNext = false;
}

function append(stream: IStream, text: string, maxLength: number): void {
  stream.text += text;
  if (stream.text.length <= maxLength) {
    return;
  }
  stream.text = withoutOverwritten(stream.text);
  const over = stream.text.length - maxLength;
  if (over > 0) {
    stream.text = stream.text.slice(0, maxLength);
    stream.droppedLength += over;
  }
}

function closed(stream: IStream, maxBytes: number): IFittedOutput {
  const whole = withoutOverwritten(stream.text);
  const clipped = clip(whole, maxBytes);
  const output: JsonObject = { output_type: 'stream', name: stream.name, text: clipped.text };
  if (clipped.originalLength !== null || stream.droppedLength > 0) {
    output['metadata'] = truncationMark({ text: whole.length + stream.droppedLength });
  }
  return { output, bytes: clipped.bytes + FRAME_BYTES, displayId: null };
}
