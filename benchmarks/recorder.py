"""What the lab extension costs a notebook's main thread: for each run, and when the Lab starts.

Cells are run one after the other in a real JupyterLab in a real Chromium: prints, a table, an
error, an image, 60 KiB of text, a cell that takes a while. All is processor time of the page's main
thread, so that what else the machine does counts as little as it can; `benchmarks.main_thread` says
how it is measured. Recording a run is what the extension does on the messages of the kernel, at
once or put off by a timer, until its events are handed on to be written. The whole has sending and
showing as well. Beside it, without any profiler: the whole main thread for a run with the
extension, and with it disabled.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from browser.conftest import CHROMIUM, FLAGS
from browser.hub import Hub, start_hub
from playwright.async_api import Browser, async_playwright

from .figures import parser, percentile, report
from .main_thread import Window
from .recorder_lab import Size, Student, Worker

LIMIT_RUN_MS, LIMIT_START_MS = 1.0, 30.0
# The slots of a kernel's signals.
RECORDING = "kernel"
# The benchmark's own write to IndexedDB, from the page.
TRANSACTION = "transaction"


@dataclass
class Figures:
    """`plain_ms` and `disabled_ms`: the whole main thread for a run, without a profiler."""

    marked: list[Window] = field(default_factory=list)
    profiled: list[Window] = field(default_factory=list)
    starts: list[Window] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    disabled_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Percentiles in ms."""
        recording = [run.ms.get(RECORDING, 0) for run in self.marked]
        transaction = [run.ms[TRANSACTION] for run in self.marked]
        whole = [sum(run.ms.values()) for run in self.profiled]
        starts = [sum(start.ms.values()) for start in self.starts]
        return {
            "recording_p50_ms": percentile(recording, 0.5),
            "recording_p99_ms": percentile(recording, 0.99),
            "transaction_p50_ms": percentile(transaction, 0.5),
            "transaction_p99_ms": percentile(transaction, 0.99),
            "whole_p50_ms": percentile(whole, 0.5),
            "whole_p99_ms": percentile(whole, 0.99),
            "whole_mean_ms": mean(whole),
            "start_p50_ms": percentile(starts, 0.5),
            "start_worst_ms": max(starts),
            "start_of_lab_p50_ms": percentile([start.total_ms for start in self.starts], 0.5),
            "added_ms": median(self.plain_ms) - median(self.disabled_ms),
            "disabled_run_ms": median(self.disabled_ms),
        }


async def measure(size: Size, labextensions: Path | None = None) -> Figures:
    """Measure the installed extension, or the one in the folder `labextensions`."""
    with tempfile.TemporaryDirectory(prefix="cell-monitor-recorder-") as folder:
        hub = await asyncio.to_thread(start_hub, Path(folder))
        try:
            async with _browser() as browser:
                return await _measure(hub, browser, size, labextensions)
        finally:
            await asyncio.to_thread(hub.stop)


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def _measure(hub: Hub, browser: Browser, size: Size, labextensions: Path | None) -> Figures:
    figures = Figures()
    watched = Student("student-03", labextensions, is_watched=True)
    worker = await Worker.open(hub, browser, watched, size)
    while len(figures.marked) < size.runs:
        figures.marked += await worker.marked_runs(min(size.runs_a_trace, size.runs))
    await worker.lab.page.close()
    worker = await Worker.open(hub, browser, Student("student-01", labextensions), size)
    without = await Worker.open(hub, browser, Student("student-02", is_enabled=False), size)
    for number in range(size.plain_rounds):
        pairs = [(worker, figures.plain_ms), (without, figures.disabled_ms)]
        for each, ms in pairs if number % 2 else reversed(pairs):
            ms.append(await each.cpu_of_runs(size.warm_up_runs))
    await without.lab.page.close()
    while len(figures.profiled) < size.profiled_runs:
        figures.profiled += await worker.profiled_runs(min(size.runs_a_trace, size.profiled_runs))
    await worker.lab.until_sent()
    figures.starts = [await worker.profiled_start() for _ in range(size.starts)]
    return figures


def main() -> None:
    """Measure and print."""
    arguments_of = parser(__doc__)
    arguments_of.add_argument("--labextensions", type=Path, help="a folder with another build")
    arguments_of.add_argument("--runs", type=int, default=Size.runs, help="(300)")
    arguments = arguments_of.parse_args()
    size = Size(runs=arguments.runs)
    summary = asyncio.run(measure(size, arguments.labextensions)).summary()
    report(
        [
            f"Processor time of the main thread ({size.runs} runs, {size.starts} starts)",
            f"  recording a run:         p50 {summary['recording_p50_ms']:.2f} ms, "
            f"p99 {summary['recording_p99_ms']:.2f} ms",
            f"  one write to IndexedDB:  p50 {summary['transaction_p50_ms']:.2f} ms, "
            f"p99 {summary['transaction_p99_ms']:.2f} ms",
            f"  with sending, showing:   p50 {summary['whole_p50_ms']:.2f} ms, "
            f"p99 {summary['whole_p99_ms']:.2f} ms, mean {summary['whole_mean_ms']:.2f} ms",
            f"  start of the Lab:        p50 {summary['start_p50_ms']:.1f} ms, "
            f"worst {summary['start_worst_ms']:.1f} ms "
            f"of the {summary['start_of_lab_p50_ms']:,.0f} ms of the whole Lab",
            f"  without a profiler, the whole Lab takes {summary['disabled_run_ms']:.1f} ms a run "
            f"and {summary['added_ms']:+.1f} ms with the extension",
            f"Ratio of recording's p99 to {LIMIT_RUN_MS:g} ms: "
            f"{summary['recording_p99_ms'] / LIMIT_RUN_MS:.2f}; "
            f"of the start to {LIMIT_START_MS:g} ms: "
            f"{summary['start_p50_ms'] / LIMIT_START_MS:.2f}",
        ],
        {"benchmark": "recorder", "runs": size.runs, **summary},
        arguments.json,
    )


if __name__ == "__main__":
    main()
