"""Runs every attempt of `attempts.json` in a real kernel and keeps what it answered.

`python -m jupyter_cell_monitor_server.demo.simulated_students.record` writes `recordings.json`
anew; it is needed after a change of the course or of the attempts. In a recorded traceback
`In[@cell_id]` stands where the kernel wrote that cell's execution count.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from jupyter_cell_monitor_server.demo import course

HERE = Path(__file__).parent
ENDLESS_S = 1.0
TIMEOUT_S = 30.0


class RecordingKernel:
    """A kernel that answers a run as its outputs, its error and its duration."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client
        self._cells: dict[int, str] = {}

    def forget(self) -> None:
        """Empty the kernel's name space, as a restart does."""
        self._client.execute_interactive("%reset -f", timeout=TIMEOUT_S, silent=True)
        self._cells.clear()

    def run(self, cell_id: str, code: str, *, endless: bool = False) -> dict[str, Any]:
        """Run `code` as the cell `cell_id`; an endless one is interrupted after a second."""
        messages: list[dict[str, Any]] = []
        stop = threading.Timer(ENDLESS_S, self._manager.interrupt_kernel)

        def note(message: dict[str, Any]) -> None:
            messages.append(message)
            if endless and message["header"]["msg_type"] == "execute_input":
                stop.start()

        began = time.perf_counter()
        reply = self._client.execute_interactive(
            code, timeout=TIMEOUT_S, allow_stdin=False, output_hook=note
        )
        duration_ms = round((time.perf_counter() - began) * 1000, 1)
        stop.cancel()
        self._cells[reply["content"]["execution_count"]] = cell_id
        return {
            "output": _outputs(messages),
            "error": self._error(reply["content"]),
            "duration_ms": duration_ms,
        }

    def _error(self, content: dict[str, Any]) -> dict[str, Any] | None:
        if content["status"] != "error":
            return None
        lines = content["traceback"]
        for count, cell_id in self._cells.items():
            lines = [line.replace(f"In[{count}]", f"In[@{cell_id}]") for line in lines]
        return {"name": content["ename"], "message": content["evalue"], "traceback": lines}


def _outputs(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    for message in messages:
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "stream":
            name, text = content["name"], content["text"]
            if outputs and outputs[-1].get("name") == name:
                outputs[-1]["text"] += text  # as the lab joins them
            else:
                outputs.append({"output_type": kind, "name": name, "text": text})
        elif kind == "execute_result":
            data = {"data": content["data"], "metadata": {}, "execution_count": None}
            outputs.append({"output_type": kind, **data})
    return outputs


def record() -> dict[str, Any]:
    """What a real kernel answers to the course's cells and to all attempts."""
    attempts = json.loads((HERE / "attempts.json").read_text("utf-8"))
    solutions = course.load_solutions()
    with _kernel() as kernel:
        cells, exercises = {}, {}
        for name in course.NOTEBOOKS:
            code = [c for c in course.load_notebook(name)["cells"] if c["cell_type"] == "code"]
            for cell, check in zip(code, [*code[1:], None], strict=True):
                kernel.forget()
                cells[cell["id"]] = kernel.run(cell["id"], cell["source"])
                if cell["id"] in solutions and check is not None:
                    tries = attempts[cell["id"]]
                    tries["right"].insert(0, solutions[cell["id"]])
                    tries["stub"] = [cell["source"]]
                    exercises[cell["id"]] = _exercise(kernel, cell["id"], check, tries)
        scratch = [_attempt(kernel, "scratch", code) for code in attempts["scratch"]["wrong"]]
    return {"cells": cells, "exercises": exercises, "scratch": scratch}


def _exercise(
    kernel: RecordingKernel, cell_id: str, check: dict[str, Any], tries: dict[str, list[str]]
) -> dict[str, Any]:
    recorded: dict[str, Any] = {"check": check["id"]}
    for kind, codes in sorted(tries.items()):
        recorded[kind] = []
        for code in codes:
            attempt = _attempt(kernel, cell_id, code, endless=kind == "endless")
            ended = kind != "endless"
            attempt["check"] = kernel.run(check["id"], check["source"]) if ended else None
            recorded[kind].append(attempt)
    return recorded


def _attempt(
    kernel: RecordingKernel, cell_id: str, code: str, *, endless: bool = False
) -> dict[str, Any]:
    kernel.forget()
    return {"code": code, **kernel.run(cell_id, code, endless=endless)}


@contextmanager
def _kernel() -> Iterator[RecordingKernel]:
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield RecordingKernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    """Write what the kernel answers to the file that is named, or to `recordings.json`."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "recordings.json"
    target.write_text(json.dumps(record(), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
