// What the page's kernels really did: the ground truth that the recording is held against.
(() => {
  const Original = window.WebSocket;
  const runs = new Map();
  const now = () => performance.timeOrigin + performance.now();

  // Jupyter's binary protocol (v1.kernel.websocket.jupyter.org): offsets, then the parts.
  const decode = data => {
    if (typeof data === 'string') {
      return JSON.parse(data);
    }
    const view = new DataView(data);
    const at = index => Number(view.getBigUint64(8 * (index + 1), true));
    const part = index =>
      new TextDecoder().decode(new Uint8Array(data, at(index), at(index + 1) - at(index)));
    const [header, parent_header, , content] = [1, 2, 3, 4].map(index => JSON.parse(part(index)));
    return { header, parent_header, content };
  };

  const note = ({ header, parent_header, content }) => {
    const id = parent_header?.msg_id;
    if (parent_header?.msg_type !== 'execute_request') {
      return;
    }
    if (header.msg_type === 'execute_input') {
      runs.set(id, { code: content.code, count: content.execution_count, started: header.date });
      window.kernelSeen({ kind: 'started', id, run: runs.get(id) });
    }
    const run = runs.get(id);
    if (!run) {
      return;
    }
    if (header.msg_type === 'execute_reply') {
      const { status, ename, traceback } = content;
      Object.assign(run, { status, error: ename, traceback, replied: header.date });
    } else if (header.msg_type === 'status' && content.execution_state === 'idle') {
      run.idle = header.date;
    }
    if (run.replied && run.idle && !run.seen_at) {
      run.seen_at = now();
      window.kernelSeen({ kind: 'ended', id, run });
    }
  };

  window.WebSocket = class extends Original {
    constructor(...given) {
      super(...given);
      if (this.url.includes('/api/kernels/')) {
        this.addEventListener('message', event => note(decode(event.data)));
      }
    }
  };
})();
