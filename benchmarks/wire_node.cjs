// Makes the browser's own events of replayed work, and measures what each way of sending takes.
// Usage: node wire_node.cjs <folder of the compiled labextension>. One notebook a line of stdin.
const { createInterface } = require('node:readline');
const { join } = require('node:path');
const { deflateRawSync, gzipSync } = require('node:zlib');

const part = name => require(join(process.argv[2], name));
const { CellLister } = part('cells.js');
const { endEvent, openedEvent, startEvent } = part('events.js');
const { fitError } = part('fitting.js');
const { OutputCollector } = part('outputs.js');
const { idSource } = part('ids.js');
const { fitCode } = part('runs.js');
const { Chain } = part('wire/chain.js');
const { WireEncoder } = part('wire/encoder.js');
const { pack } = part('wire/pack.js');
const { v4: uuidv4 } = require('uuid');

const SIZES = { mimeBytes: 65_536, outputBytes: 131_072 };
const MAX_BATCH = 100;
// The journal's and the sender's times.
const GATHER_MS = 20;
const INTERVAL_MS = 250;
const newId = idSource();
const utf8 = text => Buffer.byteLength(text);
const gzipped = text => gzipSync(text, { level: 6 }).length;

/** A notebook in one page load, and the events of what is done with it. */
class Session {
  constructor({ name, cells }) {
    this._path = `assignments/python-intro/${name}`;
    this._cells = cells;
    this._now = Date.parse('2026-04-01T09:00:00Z');
    this._common = { student_id: 'student-01', session_id: newId() };
    this._kernel = uuidv4();
    this._seq = 0;
    this._count = 0;
  }

  opened() {
    const model = {
      cells: {
        length: this._cells.length,
        get: index => {
          const { cell_id: id, cell_type: type, source } = this._cells[index];
          return { id, type, sharedModel: { getSource: () => source }, getMetadata: () => undefined };
        }
      },
      getMetadata: () => undefined,
      nbformatMinor: 5
    };
    const classification = { classId: 'python-intro', reason: 'path' };
    const about = { path: this._path, renamedFrom: null, classification };
    return this._dated(openedEvent(model, new CellLister(), about));
  }

  /** The start and the end of a run. */
  run({ cell_id: cellId, code, outputs, duration_ms: durationMs }) {
    this._count += 1;
    const run = {
      executionId: newId(),
      endEventId: newId(),
      kernelId: this._kernel,
      cellId,
      ...fitCode(code),
      start: { executionCount: this._count, startedAt: { text: this._kernelTime() } }
    };
    const start = this._dated(startEvent(run, this._path));
    this._now += durationMs;
    const collector = new OutputCollector(SIZES);
    outputs.forEach(output => collector.take(output.output_type, output));
    const raised = outputs.find(output => output.output_type === 'error');
    const end = endEvent(run, {
      status: raised ? 'error' : 'completed',
      endedAt: { text: this._kernelTime() },
      durationMs,
      outputs: collector.outputs(),
      isOutputIncomplete: false,
      error: raised ? errorOf(raised) : null
    }, this._path);
    return [start, this._dated(end)];
  }

  pause(ms) {
    this._now += ms;
  }

  _kernelTime() {
    return new Date(this._now).toISOString().replace('Z', `${this._count % 1000}Z`.padStart(4, '0'));
  }

  _dated(fields) {
    const event = { ...fields, event_id: fields.event_id ?? newId() };
    event.timestamp = new Date(this._now).toISOString();
    return JSON.stringify({ ...event, ...this._common, seq: this._seq++ });
  }
}

function errorOf(output) {
  const { name, message, traceback } = fitError(output);
  return { name, message, traceback };
}

/** The batches that leave the browser while the student works, and which are of "Run All". */
function work(notebook) {
  const session = new Session(notebook);
  const batches = [{ isAll: false, bodies: [session.opened()] }];
  for (const { is_all: isAll, runs } of notebook.steps) {
    const events = runs.flatMap(run => {
      if (!isAll) {
        session.pause(run.pause_ms);
      }
      return session.run(run);
    });
    // After a pause a single run's start goes at once, that of "Run All" with what follows.
    within(events, isAll ? INTERVAL_MS : GATHER_MS).forEach(bodies =>
      batches.push({ isAll, bodies })
    );
  }
  return batches;
}

/** Batches of what happens within so many ms. */
function within(bodies, ms) {
  const windows = [];
  let end = -Infinity;
  for (const body of bodies) {
    const at = Date.parse(JSON.parse(body).timestamp);
    if (at > end) {
      windows.push([]);
      end = at + ms;
    }
    windows.at(-1).push(body);
  }
  return windows.flatMap(groups);
}

function groups(bodies) {
  const found = [];
  for (let at = 0; at < bodies.length; at += MAX_BATCH) {
    found.push(bodies.slice(at, at + MAX_BATCH));
  }
  return found;
}

const plainBatch = bodies => `{"events":[${bodies.join(',')}]}`;

/** The sizes of the bodies of all requests, each way. */
async function waysOf(batches) {
  const bodies = batches.flat();
  return {
    seed: bodies.map(utf8),
    gzip: bodies.map(gzipped),
    batch: batches.map(batch => utf8(plainBatch(batch))),
    'batch, gzip': batches.map(batch => gzipped(plainBatch(batch))),
    contents: await encoded(bodies.map(body => [body]), false, textBytes),
    'contents, delta': await encoded(bodies.map(body => [body]), true, textBytes),
    'batch, gzip, contents': await encoded(batches, false, packedBytes),
    'batch, gzip, contents, delta': await encoded(batches, true, packedBytes),
    all: await primed(batches),
    ...mediaOf(batches)
  };
}

const textBytes = async ({ text }) => utf8(text);
const packedBytes = async batch => (await pack(batch.text, null)).body.byteLength;

async function encoded(batches, useDeltas, bytesOf) {
  const encoder = new WireEncoder({ useDeltas });
  const sizes = [];
  for (const bodies of batches) {
    const batch = await encoder.encode(bodies, new Date());
    sizes.push(await bytesOf(batch));
    bodies.forEach((_, index) => encoder.learn(batch, index));
  }
  return sizes;
}

async function primed(batches) {
  const encoder = new WireEncoder();
  const sizes = [];
  const chain = new Chain();
  for (const bodies of batches) {
    const batch = await encoder.encode(bodies, new Date(), undefined, chain.dictionary?.reach);
    const packed = await pack(batch.text, chain.dictionary);
    sizes.push(packed.body.byteLength);
    bodies.forEach((_, index) => encoder.learn(batch, index));
    await chain.goOn(packed, batch.reach);
  }
  return sizes;
}

/** New media of each batch: in base64 as it stands there, and as few bytes as they can be. */
function mediaOf(batches) {
  const seen = new Set();
  const found = batches.map(bodies => {
    const runs = bodies.flatMap(body => body.match(/[A-Za-z0-9+/=\\]{256,}/g) ?? []);
    const fresh = [...new Set(runs)].filter(run => !seen.has(run));
    fresh.forEach(run => seen.add(run));
    return fresh;
  });
  const sums = bytesOf => found.map(runs => runs.reduce((sum, run) => sum + bytesOf(run), 0));
  return { 'new media': sums(run => run.length), floor: sums(leastBytes) };
}

function leastBytes(run) {
  const decoded = Buffer.from(run.replaceAll('\\n', ''), 'base64');
  return Math.min(decoded.length, deflateRawSync(decoded, { level: 9 }).length);
}

async function measure(notebook) {
  const batches = work(notebook);
  const live = batches.map(({ bodies }) => bodies);
  const events = live.flat();
  const inAll = sizes => sizes.filter((_, index) => batches[index].isAll);
  const ways = await waysOf(live);
  return {
    name: notebook.name,
    events: events.length,
    has_images: events.some(body => body.includes('"image/')),
    live: ways,
    offline: await waysOf(groups(events)),
    quick_all_requests: notebook.steps
      .filter(step => step.is_all)
      .reduce((sum, { runs }) => sum + Math.ceil((2 * runs.length) / MAX_BATCH), 0),
    run_all: {
      seed: inAll(live).flat().map(utf8),
      all: inAll(ways.all),
      'new media': inAll(ways['new media']),
      floor: inAll(ways.floor)
    }
  };
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line)))}\n`);
  }
}

void main();
