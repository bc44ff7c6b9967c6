"""What one script costs a page's main thread, by a Chromium trace.

Exactly, for functions that something around them marks (`read_marked`): the trace has the thread's
processor time at each mark, and what the marks take themselves is subtracted.

By samples, for all of a script (`read_trace`): Chromium tells of each task of the main thread how
much processor time it took, and V8's sampling profiler, in the same trace, about every 0.1 to
0.2 ms which functions are running. A task's processor time is shared out by its samples: the script
has the share of those with one of its functions on the stack. So time in which the thread was not
running counts nothing, and what the script calls (the browser's and other libraries' code, the
garbage collection within) counts as its own. Where a task is shared with other code, the error of
one task is about one sample; sums over tasks even it out. The profiler slows down what it measures,
and calls that wake other processes weigh too much: the figure is rather too high.
"""

import bisect
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

MARKS_ONLY = ("-*", "blink.user_timing")
CATEGORIES = (
    *MARKS_ONLY,
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-v8.cpu_profiler",
    "disabled-by-default-v8.cpu_profiler.hires",
)
_NO_FUNCTION = {"(root)", "(program)", "(idle)"}
Frame = dict[str, Any]
Label = Callable[[list[Frame]], str | None]


@dataclass(frozen=True)
class Window:
    """From one mark to the next: processor time in ms by label, and of all tasks."""

    name: str
    ms: dict[str, float]
    total_ms: float


def read_marked(trace: bytes, mark: str) -> list[Window]:
    """The processor time between `own:begin:<function>` and `own:end`, by function.

    Windows as in `read_trace`, but without a total.
    """
    events = json.loads(trace)["traceEvents"]
    marks = sorted(
        (e for e in events if e["name"].startswith((mark, "own:"))), key=lambda e: e["ts"]
    )
    windows: list[tuple[str, dict[str, list[float]]]] = []
    begun: dict[str, Any] | None = None
    for event in marks:
        if event["name"].startswith(mark):
            windows.append((event["name"], {}))
        elif event["name"].startswith("own:begin:"):
            begun = event
        elif begun is not None and windows:
            function = begun["name"].removeprefix("own:begin:")
            took_ms = (event["tts"] - begun["tts"]) / 1000
            windows[-1][1].setdefault(function, []).append(took_ms)
            begun = None
    return [_without_marks(name, found) for name, found in windows[:-1]]


def _without_marks(name: str, found: dict[str, list[float]]) -> Window:
    mark_ms = median(found.pop("empty"))
    ms = {
        function: sum(max(0.0, each - mark_ms) for each in took) for function, took in found.items()
    }
    return Window(name, ms, 0)


@dataclass
class _Task:
    start: int
    end: int
    cpu_us: int
    samples: dict[str | None, int] = field(default_factory=dict)


def read_trace(trace: bytes, mark: str, label: Label) -> list[Window]:
    """The time between the marks that start with `mark`, of the thread that set them.

    `label` names the part that a stack (innermost frame first) belongs to, or None for others.
    Raises `ValueError` where the trace has no such mark.
    """
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    marks = sorted((e["ts"], e) for e in events if e["name"].startswith(mark) if "ts" in e)
    if not marks:
        raise ValueError(f"The trace has no mark {mark!r}")
    thread = marks[0][1]["pid"], marks[0][1]["tid"]
    tasks = _tasks(events, thread)
    starts = [task.start for task in tasks]
    for at, found in _samples(events, thread, label):
        task = tasks[bisect.bisect(starts, at) - 1] if starts and at >= starts[0] else None
        if task is not None and at <= task.end:
            task.samples[found] = task.samples.get(found, 0) + 1
    return list(_windows(marks, tasks, starts))


def _tasks(events: list[dict[str, Any]], thread: tuple[int, int]) -> list[_Task]:
    found = (
        _Task(e["ts"], e["ts"] + e["dur"], e.get("tdur", 0))
        for e in events
        if e["name"] == "RunTask" and e["ph"] == "X" and (e["pid"], e["tid"]) == thread
    )
    return sorted(found, key=lambda task: task.start)


def _windows(
    marks: list[tuple[int, dict[str, Any]]], tasks: list[_Task], starts: list[int]
) -> Iterator[Window]:
    for (begin, mark), (end, _) in itertools.pairwise(marks):
        ms: dict[str, float] = {}
        within = tasks[bisect.bisect_left(starts, begin) : bisect.bisect_left(starts, end)]
        for task in within:
            count = sum(task.samples.values())
            for found, number in task.samples.items():
                if found is not None:
                    ms[found] = ms.get(found, 0) + task.cpu_us * number / count / 1000
        yield Window(mark["name"], ms, sum(task.cpu_us for task in within) / 1000)


def _samples(
    events: list[dict[str, Any]], thread: tuple[int, int], label: Label
) -> Iterator[tuple[int, str | None]]:
    """When each sample was taken, and its label; those outside of any function are left out."""
    of_page = [e for e in events if e.get("pid") == thread[0]]
    # A worker of the page has a profile of its own.
    profiles = (e for e in of_page if e["name"] == "Profile" and e["tid"] == thread[1])
    begun = {e["id"]: e["args"]["data"]["startTime"] for e in profiles}
    chunks = sorted((e for e in of_page if e["name"] == "ProfileChunk"), key=lambda e: e["ts"])
    trees: dict[str, dict[int, dict[str, Any]]] = {profile: {} for profile in begun}
    labels: dict[tuple[str, int], str | None] = {}
    for chunk in chunks:
        profile, data = chunk["id"], chunk["args"]["data"]
        if profile not in begun:
            continue
        nodes, part = trees[profile], data.get("cpuProfile", {})
        nodes.update({node["id"]: node for node in part.get("nodes", [])})
        for node, us in zip(part.get("samples", []), data.get("timeDeltas", []), strict=True):
            begun[profile] += us
            if nodes[node]["callFrame"]["functionName"] not in _NO_FUNCTION:
                key = profile, node
                if key not in labels:
                    labels[key] = label(_stack(nodes, node))
                yield begun[profile], labels[key]


def _stack(nodes: dict[int, dict[str, Any]], node: int | None) -> list[Frame]:
    frames = []
    while node is not None:
        frames.append(nodes[node]["callFrame"])
        node = nodes[node].get("parent")
    return frames
