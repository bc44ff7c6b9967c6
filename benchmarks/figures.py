"""Prints what a benchmark measured, and writes it to a JSON file where one is asked for."""

import argparse
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", type=Path, help="also write the figures to this file")
    made.add_argument("--rounds", type=int, default=3, help="the figures are medians of them (3)")
    return made


def middle(values: list[float]) -> str:
    """The median, and between which values the rounds lay."""
    return f"{median(values):,.4g} ({min(values):,.4g} … {max(values):,.4g})"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def report(lines: list[str], figures: dict[str, Any], target: Path | None) -> None:
    """Print the lines; write the figures, with the machine and the time, to `target`."""
    print("\n".join(lines), flush=True)
    if target is not None:
        about = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
        }
        target.write_text(json.dumps(about | figures, indent=1) + "\n", "utf-8")
