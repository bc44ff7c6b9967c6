// Works in the notebook in front, as a student who runs one cell after the other.
window.cellMonitorBenchmark = {
  sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),

  // `codes` in turn, each run with a mark of its own before it.
  async run(codes, { count, first, pauseMs }) {
    const { commands, shell } = window.jupyterapp;
    const notebook = shell.currentWidget.content;
    for (let number = first; number < first + count; number++) {
      notebook.activeCellIndex = number % notebook.widgets.length;
      const code = `${codes[number % codes.length]}\n# ${number}`;
      notebook.activeCell.model.sharedModel.setSource(code);
      await this.sleep(pauseMs / 5);
      performance.mark(`run:${number}`);
      window.cellMonitorEmptyMarks?.(9);
      await commands.execute('notebook:run-cell');
      await this.sleep(pauseMs);
    }
    performance.mark('run:end');
  }
};
