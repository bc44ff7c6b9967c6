"""Cell finished in a student's JupyterLab → grid changed on the teacher's page, in real browsers.

Measured by the browser test that also checks it; a round is one run of that test, with a new Hub.
"""

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from .figures import middle, parser, report

ROOT = Path(__file__).parents[1]
TEST = "tests/browser/test_live.py::test_the_grid_changes_within_a_second_of_a_cells_end"
LIMIT_MS = 1_000
_FIGURES = re.compile(r"grid changed: median (\d+) ms, worst (\d+) ms")


def measure_ms() -> tuple[float, float]:
    """The median and the worst of one round. Raises `RuntimeError` where the test fails."""
    command = [sys.executable, "-m", "pytest", "-q", TEST]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return figures_in(done.stdout)


def figures_in(printed: str) -> tuple[float, float]:
    """The median and the worst that the test printed. Raises `RuntimeError` where it did not."""
    found = _FIGURES.search(printed)
    if found is None:
        raise RuntimeError(f"The browser test measured nothing:\n{printed[-3000:]}")
    return float(found[1]), float(found[2])


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__).parse_args()
    rounds = [measure_ms() for _ in range(arguments.rounds)]
    medians, worsts = [each[0] for each in rounds], [each[1] for each in rounds]
    figures = {
        "benchmark": "browser_live",
        "median_ms": median(medians),
        "worst_ms": max(worsts),
        "ratio_to_limit": median(medians) / LIMIT_MS,
    }
    report(
        [
            f"Cell finished → grid changed, in real browsers ({arguments.rounds} rounds)",
            f"  median {middle(medians)} ms, worst {max(worsts):.0f} ms",
            f"Ratio to the limit of {LIMIT_MS} ms: {figures['ratio_to_limit']:.3f}",
        ],
        figures,
        arguments.json,
    )


if __name__ == "__main__":
    main()
