/** The worker that writes events to the disk, so that the notebook's own thread need not. */

import { type Answer, GroupWriter, type Told } from './groups';

interface IScope {
  onmessage: ((message: MessageEvent<Told>) => void) | null;
  postMessage(answer: Answer): void;
}

const scope = globalThis as unknown as IScope;
const writer = new GroupWriter(answer => scope.postMessage(answer));
scope.onmessage = ({ data }) => void writer.take(data);
