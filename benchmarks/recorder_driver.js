// Works in the notebook in front, as a student who runs one cell after the other.
window.cellMonitorBenchmark = {
  sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),

  database: () =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open('benchmark', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('rows', { keyPath: 'id' });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    }),

  // What one durable transaction with 1 KB costs this page: the least that keeping an event costs.
  write: database => {
    performance.mark('own:begin:transaction');
    const transaction = database.transaction('rows', 'readwrite', { durability: 'strict' });
    transaction.objectStore('rows').put({ id: 1, text: 'x'.repeat(1000) });
    transaction.commit();
    performance.mark('own:end');
  },

  // `codes` in turn, each run with a mark of its own before it.
  async run(codes, { count, first, pauseMs }) {
    const { commands, shell } = window.jupyterapp;
    const notebook = shell.currentWidget.content;
    const database = await this.database();
    for (let number = first; number < first + count; number++) {
      notebook.activeCellIndex = number % notebook.widgets.length;
      const code = `${codes[number % codes.length]}\n# ${number}`;
      notebook.activeCell.model.sharedModel.setSource(code);
      await this.sleep(pauseMs / 5);
      performance.mark(`run:${number}`);
      window.cellMonitorEmptyMarks?.(9);
      this.write(database);
      await commands.execute('notebook:run-cell');
      await this.sleep(pauseMs);
    }
    database.close();
    performance.mark('run:end');
  }
};
