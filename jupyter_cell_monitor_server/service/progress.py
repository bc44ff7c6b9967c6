"""Progress as a fold: which expected cells have had a success, and when each first had one."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .cell_keys import KnownCell
from .ids import NAMESPACE


@dataclass(frozen=True, slots=True)
class Progress:
    """`successes`: when the first, second, … expected cell had its first success, in order."""

    successes: tuple[datetime, ...]
    total_cells: int

    @property
    def completed_cells(self) -> int:
        """How many expected cells have had a success."""
        return len(self.successes)

    @property
    def progress_rate(self) -> float:
        """0.0 to 1.0; 0.0 where nothing is expected."""
        return self.completed_cells / self.total_cells if self.total_cells else 0.0


def progress_of(cells: Iterable[KnownCell]) -> Progress:
    """The progress on a notebook with these cells."""
    all_cells = list(cells)
    expected = {cell.cell_key for cell in all_cells if cell.expected}
    first: dict[str, datetime] = {}
    for cell in all_cells:
        moment = cell.completed_at
        if moment is not None and cell.cell_key in expected:
            first[cell.cell_key] = min(first.get(cell.cell_key, moment), moment)
    return Progress(tuple(sorted(first.values())), len(expected))


def point_id(notebook_id: uuid.UUID, completed_cells: int) -> uuid.UUID:
    """The key of the point in time at which so many cells of a notebook were done."""
    return uuid.uuid5(NAMESPACE, f"progress:{notebook_id}:{completed_cells}")
