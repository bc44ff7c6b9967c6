// Marks, from outside, when the lab extension's slots of signals begin and end: as `kernel` for
// those of a kernel's signals, else with the slot's name. What a slot puts off by a timer counts
// under the slot's name too.
// What the marks themselves take is told by pairs of them with nothing between: `own:begin:empty`.
(() => {
  const EXTENSION = '/extensions/jupyter-cell-monitor/';
  const wrapped = new WeakMap();
  let depth = 0;
  let current = '';

  const wrap = (slot, name) => {
    if (!wrapped.has(slot)) {
      const marked = function (...given) {
        depth += 1;
        if (depth === 1) {
          current = name;
          // The first mark after a pause takes several times as long as those that follow.
          window.cellMonitorEmptyMarks(1);
          performance.mark(`own:begin:${name}`);
        }
        try {
          return slot.apply(this, given);
        } finally {
          depth -= 1;
          if (depth === 0) {
            performance.mark('own:end');
          }
        }
      };
      wrapped.set(slot, marked);
    }
    return wrapped.get(slot);
  };

  const setTimer = window.setTimeout;
  window.setTimeout = (act, ...given) =>
    setTimer(depth > 0 && typeof act === 'function' ? wrap(act, current) : act, ...given);

  const watch = app => {
    const signals = Object.getPrototypeOf(app.commands.commandChanged);
    const { connect, disconnect } = signals;
    signals.connect = function (slot, thisArg) {
      const isOwn = new Error().stack.split('\n')[2]?.includes(EXTENSION);
      const isKernel = typeof this.sender.requestExecute === 'function';
      const name = isKernel ? 'kernel' : slot.name;
      return connect.call(this, isOwn ? wrap(slot, name) : slot, thisArg);
    };
    signals.disconnect = function (slot, thisArg) {
      const found = disconnect.call(this, slot, thisArg);
      return wrapped.has(slot) ? disconnect.call(this, wrapped.get(slot), thisArg) || found : found;
    };
  };

  window.cellMonitorEmptyMarks = count => {
    for (let number = 0; number < count; number++) {
      performance.mark('own:begin:empty');
      performance.mark('own:end');
    }
  };

  // The Lab puts itself there before it activates its extensions.
  let app;
  Object.defineProperty(window, 'jupyterapp', {
    configurable: true,
    get: () => app,
    set: value => {
      app = value;
      watch(app);
    }
  });
})();
