"""How a student works through a real notebook: the model of `benchmarks.wire`, as steps.

From top to bottom, by hand. A cell is first run with a typing mistake at times, which fails and is
repaired; then as it is; then, at times, changed in small ways and run again. Earlier cells are run
again as they are. Half-way the student may run all, and does so at the end. The same seed gives the
same steps.
"""

import base64
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .corpus import Cell, Notebook

MISTAKE, SECOND_MISTAKE = 0.35, 0.3
EDITS_WEIGHTS = (50, 25, 15, 10)  # none, one, two or three small edits of a cell
CHANGES_RESULT = 0.6
GOES_BACK = 0.25
RUNS_ALL_HALF_WAY = 0.5
_WORD = re.compile(r"[A-Za-z_]\w{3,}")
_NUMBER = re.compile(r"\d")


@dataclass
class Run:
    """One run of a cell: the code, and what the kernel answers."""

    cell_id: str
    code: str
    outputs: list[dict[str, Any]]
    duration_ms: float
    pause_ms: float

    def as_json(self) -> dict[str, Any]:
        """For the script that makes events of it."""
        return dict(vars(self))


@dataclass
class Step:
    """What is sent as one piece of work: one run by hand, or all cells."""

    is_all: bool
    runs: list[Run] = field(default_factory=list)


def steps(notebook: Notebook, seed: int) -> Iterator[Step]:
    """The student's work on a notebook, without its opening."""
    return _Student(notebook, random.Random(f"{seed}:{notebook.name}")).work()


class _Student:
    def __init__(self, notebook: Notebook, rng: random.Random) -> None:
        self._cells = notebook.code_cells
        self._rng = rng
        self._now = {cell.cell_id: (cell.source, cell.outputs) for cell in self._cells}

    def work(self) -> Iterator[Step]:
        half = len(self._cells) // 2
        for number, cell in enumerate(self._cells):
            yield from self._write(cell)
            if number and self._rng.random() < GOES_BACK:
                count = self._rng.randint(1, min(3, number))
                for earlier in self._cells[number - count : number]:
                    yield Step(False, [self._run(earlier)])
            if number == half and self._rng.random() < RUNS_ALL_HALF_WAY:
                yield self._all(self._cells[: number + 1])
        yield self._all(self._cells)

    def _write(self, cell: Cell) -> Iterator[Step]:
        if self._rng.random() < MISTAKE:
            yield self._mistaken(cell)
            if self._rng.random() < SECOND_MISTAKE:
                yield self._mistaken(cell)
        yield Step(False, [self._run(cell)])
        [edits] = self._rng.choices(range(len(EDITS_WEIGHTS)), EDITS_WEIGHTS)
        for _ in range(edits):
            self._edit(cell)
            yield Step(False, [self._run(cell)])

    def _run(self, cell: Cell) -> Run:
        code, outputs = self._now[cell.cell_id]
        return self._new_run(cell, code, outputs)

    def _all(self, cells: list[Cell]) -> Step:
        return Step(True, [self._run(cell) for cell in cells])

    def _new_run(self, cell: Cell, code: str, outputs: list[dict[str, Any]]) -> Run:
        pause_ms = 3_000 + self._rng.expovariate(1 / 20_000)
        return Run(cell.cell_id, code, outputs, self._rng.lognormvariate(4.5, 1), pause_ms)

    def _mistaken(self, cell: Cell) -> Step:
        code, error = mistake(self._now[cell.cell_id][0], self._rng)
        return Step(False, [self._new_run(cell, code, [error])])

    def _edit(self, cell: Cell) -> None:
        code, outputs = self._now[cell.cell_id]
        if self._rng.random() < CHANGES_RESULT:
            code = change_code(code, self._rng)
            outputs = [change_output(output, self._rng) for output in outputs]
        else:
            code = comment(code, self._rng)
        self._now[cell.cell_id] = code, outputs


def mistake(code: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """The code with one character of a word missing, and the exception that Jupyter would show."""
    words = list(_WORD.finditer(code))
    if not words:
        return code + "(", _error("SyntaxError", "incomplete input", code, code.count("\n"))
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end())
    wrong = code[:at] + code[at + 1 :]
    name = wrong[word.start() : word.end() - 1]
    line = wrong.count("\n", 0, at)
    return wrong, _error("NameError", f"name '{name}' is not defined", wrong, line)


def _error(name: str, message: str, code: str, line: int) -> dict[str, Any]:
    lines = code.split("\n")
    shown = range(max(0, line - 2), min(len(lines), line + 3))
    arrows = {line: "----> "}
    marked = "\n".join(
        f"{arrows.get(number, ' ' * 6)}{number + 1} {lines[number]}" for number in shown
    )
    red, green, end = "\x1b[0;31m", "\x1b[0;32m", "\x1b[0m"
    place = f"Cell {green}In[1], line {line + 1}{end}\n{marked}\n"
    title = f"{red}{name}{end}{' ' * 33}Traceback (most recent call last)"
    traceback = [f"{red}{'-' * 75}{end}", title, place, f"{red}{name}{end}: {message}"]
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": traceback}


def change_code(code: str, rng: random.Random) -> str:
    """Another number in the code, or one more line where it has none."""
    numbers = list(_NUMBER.finditer(code))
    if not numbers:
        return f"{code}\nprint({rng.randrange(100)})"
    at = rng.choice(numbers).start()
    return code[:at] + str(rng.randrange(1, 10)) + code[at + 1 :]


def comment(code: str, rng: random.Random) -> str:
    """A comment between two lines: the result stays."""
    lines = code.split("\n")
    lines.insert(rng.randint(0, len(lines)), f"# try {rng.randrange(1000)}")
    return "\n".join(lines)


def change_output(output: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """What another number makes of an output: a tenth of its digits, and the whole of an image."""
    changed = dict(output)
    if "text" in output:
        changed["text"] = _other_digits(output["text"], rng)
    if "data" in output:
        changed["data"] = {
            mime: _other_image(value, rng) if mime.startswith("image/") else _other(value, rng)
            for mime, value in output["data"].items()
        }
    return changed


def _other(value: Any, rng: random.Random) -> Any:
    return _other_digits(value, rng) if isinstance(value, str) else value


def _other_digits(text: str, rng: random.Random) -> str:
    def other(found: re.Match[str]) -> str:
        return str(rng.randrange(10)) if rng.random() < 0.1 else found[0]

    return _NUMBER.sub(other, text)


def _other_image(value: Any, rng: random.Random) -> Any:
    """As long as before, and in nothing like it: neither gzip nor a difference can save on it."""
    if not isinstance(value, str) or value.lstrip().startswith("<"):
        return _other(value, rng)
    return base64.b64encode(rng.randbytes(len(value) * 3 // 4)).decode()
