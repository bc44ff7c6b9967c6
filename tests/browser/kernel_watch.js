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
    // The reply has a channel of its own: it may overtake the message that the run began.
    const run = runs.get(id) ?? {};
    runs.set(id, run);
    if (header.msg_type === 'execute_input') {
      const { code, execution_count } = content;
      Object.assign(run, { code, count: execution_count, started: header.date });
      window.kernelSeen({ kind: 'started', id, run });
    } else if (header.msg_type === 'execute_reply') {
      const { status, ename, traceback } = content;
      Object.assign(run, { status, error: ename, traceback, replied: header.date });
    } else if (header.msg_type === 'status' && content.execution_state === 'idle') {
      run.idle = header.date;
    }
    if (run.started && run.replied && run.idle && !run.seen_at) {
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
