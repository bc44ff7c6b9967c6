/** @jest-environment node */
import { Signal } from '@lumino/signaling';

import type { ProgressList, ProgressUpdate } from '../src/contract';
import { Progress } from '../src/panel/progress';
import type { UpdateMessage } from '../src/socket';
import { until } from './fakes/clock';
import { FakeRecorder, FakeSender, RECORDED } from './fakes/panel';

class FakeSocket {
  readonly message = new Signal<this, UpdateMessage>(this);
  readonly snapshotNeeded = new Signal<this, string>(this);
  isConnected = true;
}

const item = (path: string, completed: number) => ({
  notebook_path: path,
  notebook_key: path,
  class_id: 'python-intro',
  completed_cells: completed,
  total_cells: 4,
  progress_rate: completed / 4
});

describe('Progress', () => {
  let recorder: FakeRecorder;
  let sender: FakeSender;
  let socket: FakeSocket;
  let asked: string[];
  let answer: () => Promise<ProgressList>;
  let progress: Progress;

  const snapshot = (completed: number, cursor: number): ProgressList => ({
    progress: [item('a.ipynb', completed)],
    cursor,
    next_cursor: null
  });

  const update = (completed: number, cursor: number, channel = 'progress:s'): void => {
    const fields = { channel, cursor, student_id: 's', timestamp: '' };
    const message: ProgressUpdate = {
      event: 'progress_update',
      ...fields,
      ...item('a.ipynb', completed)
    };
    socket.message.emit(message);
  };

  const knows = (completed: number): Promise<void> =>
    until(() => progress.current?.completed === completed);

  beforeEach(() => {
    recorder = new FakeRecorder({ ...RECORDED, path: 'a.ipynb' });
    sender = new FakeSender();
    socket = new FakeSocket();
    asked = [];
    answer = async () => snapshot(1, 10);
    progress = new Progress({
      recorder,
      sender,
      socket,
      fetch: path => {
        asked.push(path);
        return answer();
      }
    });
  });

  afterEach(() => progress.dispose());

  it('starts with a snapshot of the notebook in front', async () => {
    await knows(1);
    expect(progress.current).toMatchObject({ completed: 1, total: 4 });
    expect(asked).toEqual(['a.ipynb']);
  });

  it('tells the recorder the class that the service has filed the notebook under', async () => {
    await knows(1);
    expect(recorder.filed).toEqual([['a.ipynb', 'python-intro']]);
  });

  it('asks for the class of a notebook that only an update has told of', async () => {
    await knows(1);
    answer = async () => ({ progress: [], cursor: 10, next_cursor: null });
    recorder.show({ ...RECORDED, path: 'b.ipynb' });
    await until(() => asked.length === 2);
    await new Promise(resolve => setImmediate(resolve));
    const fields = { channel: 'progress:s', cursor: 13, student_id: 's', timestamp: '' };
    const message = { event: 'progress_update' as const, ...fields, ...item('b.ipynb', 3) };
    socket.message.emit(message);
    answer = async () => ({ progress: [item('b.ipynb', 2)], cursor: 12, next_cursor: null });
    sender.show({ sentCount: 1 });
    await until(() => recorder.filed.length === 2);
    expect(progress.current?.completed).toBe(3);
  });

  it('moves with the updates that are newer than its snapshot, and with no older one', async () => {
    await knows(1);
    update(2, 11);
    expect(progress.current?.completed).toBe(2);
    update(0, 9);
    expect(progress.current?.completed).toBe(2);
  });

  it('does not go back to a snapshot that an update has overtaken', async () => {
    await knows(1);
    let finish: (list: ProgressList) => void = () => undefined;
    answer = () => new Promise(resolve => (finish = resolve));
    socket.snapshotNeeded.emit('progress:s');
    update(3, 12);
    finish(snapshot(2, 11));
    await new Promise(resolve => setImmediate(resolve));
    expect(progress.current?.completed).toBe(3);
  });

  it('reads again after a break, also where the server counts from anew', async () => {
    await knows(1);
    answer = async () => snapshot(4, 1);
    socket.snapshotNeeded.emit('progress:s');
    await knows(4);
  });

  it('does not read again for what others’ channels have missed', async () => {
    await knows(1);
    socket.snapshotNeeded.emit('notifications:s');
    update(4, 11, 'class:python-intro');
    expect(asked).toHaveLength(1);
    expect(progress.current?.completed).toBe(1);
  });

  it('asks again after the first events of a notebook that the service did not know', async () => {
    await knows(1);
    answer = async () => ({ progress: [], cursor: 10, next_cursor: null });
    recorder.show({ ...RECORDED, path: 'b.ipynb' });
    await until(() => asked.length === 2);
    expect(progress.current).toBeNull();
    await new Promise(resolve => setImmediate(resolve));
    answer = async () => ({ progress: [item('b.ipynb', 3)], cursor: 11, next_cursor: null });
    sender.show({ sentCount: 1 });
    await knows(3);
  });

  it('asks after each sending where no updates arrive', async () => {
    await knows(1);
    socket.isConnected = false;
    answer = async () => snapshot(2, 11);
    sender.show({ sentCount: 2 });
    await knows(2);
  });

  it('knows nothing of a notebook that is not recorded', async () => {
    await knows(1);
    recorder.show({ ...RECORDED, path: 'a.ipynb', classId: null, reason: 'none' });
    expect(progress.current).toBeNull();
    expect(asked).toHaveLength(1);
  });

  it('goes on after a failed request', async () => {
    await knows(1);
    answer = () => Promise.reject(new Error('away'));
    socket.snapshotNeeded.emit('progress:s');
    await new Promise(resolve => setImmediate(resolve));
    expect(progress.current?.completed).toBe(1);
    answer = async () => snapshot(2, 11);
    socket.snapshotNeeded.emit('progress:s');
    await knows(2);
  });

  it('finds a notebook whose name a Mac has written in another way', async () => {
    const path = 'が.ipynb'.normalize('NFD');
    answer = async () => ({
      progress: [item('が.ipynb'.normalize('NFC'), 2)],
      cursor: 10,
      next_cursor: null
    });
    recorder.show({ ...RECORDED, path });
    await knows(2);
  });
});
