"""The grid of a class: which cells are columns, and what each student's runs make of a cell."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import cast

from ..contract.classes import GridCell, GridColumn
from ..contract.fields import RunStatus
from ..contract.updates import ErrorSummary

# A cell that fewer students hold is somebody's own, not the class's.
SHARE_OF_A_COLUMN = 0.2


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A code cell that a student's notebook had at its first opening."""

    cell_key: str
    cell_index: int
    expected: bool


@dataclass(frozen=True, slots=True)
class RunOfCell:
    """A run as the grid needs it, in the order of the kernel's times."""

    cell_key: str
    execution_id: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    error: ErrorSummary | None


def columns_of(placed: Iterable[PlacedCell], notebook_count: int) -> list[GridColumn]:
    """The cells that at least a fifth of the notebooks share, in the notebooks' usual order.

    A column's label is its place among the code cells, from 1.
    """
    by_key: dict[str, list[PlacedCell]] = defaultdict(list)
    for cell in placed:
        by_key[cell.cell_key].append(cell)
    needed = notebook_count * SHARE_OF_A_COLUMN
    shared = {key: several for key, several in by_key.items() if len(several) >= needed}
    order = sorted(shared, key=lambda key: (median(c.cell_index for c in shared[key]), key))
    return [
        GridColumn(
            cell_key=key,
            index=int(median(c.cell_index for c in shared[key])),
            label=str(number),
            expected=any(c.expected for c in shared[key]),
        )
        for number, key in enumerate(order, start=1)
    ]


def cells_of(runs: Sequence[RunOfCell]) -> dict[str, GridCell]:
    """What a student's runs, in order, make of each cell."""
    found: dict[str, GridCell] = {}
    for run in runs:
        before = found.get(run.cell_key)
        failures = before.failures if before else 0
        if run.status == "error":
            failures += 1
        elif run.status == "completed":
            failures = 0
        found[run.cell_key] = GridCell(
            status=cast(RunStatus, run.status),
            tries=(before.tries if before else 0) + 1,
            failures=failures,
            execution_id=run.execution_id,
            started_at=run.started_at,
            ended_at=run.ended_at,
            error=run.error,
        )
    return found
