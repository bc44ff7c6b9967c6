"""Which cells of different students are the same cell of the class's notebook."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..contract.events import Cell

FIRST_MINOR_WITH_IDS = 5
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(slots=True)
class KnownCell:
    """A cell of one student's notebook. `expected`: it counts for the progress."""

    cell_id: str
    cell_type: str
    cell_key: str
    cell_index: int | None
    grade_id: str | None
    source_sha256: str | None
    at_first_opening: bool
    expected: bool
    completed_at: datetime | None = None


def copy_cell(source: KnownCell, target: KnownCell) -> None:
    """Make `target` the same as `source`."""
    for name in KnownCell.__slots__:
        setattr(target, name, getattr(source, name))


def first_cells(cells: Sequence[Cell], nbformat_minor: int | None) -> list[KnownCell]:
    """The cells of a notebook at its first opening, with their keys and what is expected."""
    expected = expected_ids(cells)
    seen: Counter[str] = Counter()
    found = []
    for cell in cells:
        seen[cell.source_sha256] += 1
        key = _key(cell, nbformat_minor, seen[cell.source_sha256])
        found.append(_known(cell, key, first=True, expected=cell.cell_id in expected))
    return found


def later_cells(
    cells: Sequence[Cell], known: Iterable[KnownCell], nbformat_minor: int | None
) -> list[KnownCell]:
    """The cells of a notebook that is open again, matched with what is `known` of it.

    Notebooks before nbformat 4.5 get other ids at each opening: their cells are matched by
    source, then by place.
    """
    by_id = {cell.cell_id: cell for cell in sorted(known, key=_in_notebook)}
    there = {cell.cell_id for cell in cells}
    taken = {cell.cell_key for cell in by_id.values() if cell.cell_id in there}
    free = [cell for cell in by_id.values() if cell.cell_key not in taken]
    has_ids = nbformat_minor is None or nbformat_minor >= FIRST_MINOR_WITH_IDS
    found = []
    for cell in cells:
        old = by_id.get(cell.cell_id)
        if old is not None:
            found.append(_moved(old, cell))
            continue
        match = None if has_ids or cell.grade_id else _match(cell, free)
        if match:
            free = [cell for cell in free if cell.cell_key != match.cell_key]
        key = match.cell_key if match else cell.grade_id or cell.cell_id
        found.append(_known(cell, key, first=False, expected=False))
    return found


def opened_cells(
    opened: Iterable[Cell], known: dict[str, KnownCell], nbformat_minor: int | None
) -> list[KnownCell]:
    """The cells of an opening, matched with those that openings before it announced."""
    # A broken notebook can hold one cell id twice.
    by_id: dict[str, Cell] = {}
    for cell in opened:
        by_id.setdefault(cell.cell_id, cell)
    announced = [cell for cell in known.values() if cell.cell_index is not None]
    if announced:
        return later_cells(list(by_id.values()), announced, nbformat_minor)
    return first_cells(list(by_id.values()), nbformat_minor)


def unannounced(cell_id: str) -> KnownCell:
    """A cell that ran, and that no opening named."""
    return KnownCell(
        cell_id, "code", cell_id, None, None, None, at_first_opening=False, expected=False
    )


def expected_ids(cells: Sequence[Cell]) -> set[str]:
    """The cells that a student is expected to run with success.

    nbgrader's solution and task cells, or else those that are not empty; code cells alone, for
    no other can be run.
    """
    code = [cell for cell in cells if cell.cell_type == "code"]
    graded = {c.cell_id for c in code if c.grade_id and (c.solution or c.task)}
    return graded or {c.cell_id for c in code if c.source_sha256 != EMPTY_SHA256}


def _in_notebook(cell: KnownCell) -> tuple[int, str]:
    # Cells of different openings can have one place: whoever reads them finds the same order.
    return cell.cell_index or 0, cell.cell_id


def _key(cell: Cell, nbformat_minor: int | None, occurrence: int) -> str:
    if cell.grade_id:
        return cell.grade_id
    if nbformat_minor is None or nbformat_minor >= FIRST_MINOR_WITH_IDS:
        return cell.cell_id
    return f"{cell.source_sha256}:{occurrence}"


def _known(cell: Cell, key: str, *, first: bool, expected: bool) -> KnownCell:
    return KnownCell(
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        cell_key=key,
        cell_index=cell.index,
        grade_id=cell.grade_id,
        source_sha256=cell.source_sha256,
        at_first_opening=first,
        expected=expected,
    )


def _moved(old: KnownCell, cell: Cell) -> KnownCell:
    return KnownCell(
        cell_id=old.cell_id,
        cell_type=cell.cell_type,
        cell_key=old.cell_key,
        cell_index=cell.index,
        grade_id=cell.grade_id,
        source_sha256=cell.source_sha256,
        at_first_opening=old.at_first_opening,
        expected=old.expected,
        completed_at=old.completed_at,
    )


def _match(cell: Cell, free: Sequence[KnownCell]) -> KnownCell | None:
    same_source = (old for old in free if old.source_sha256 == cell.source_sha256)
    same_place = (
        old for old in free if old.cell_index == cell.index and old.cell_type == cell.cell_type
    )
    return next(same_source, None) or next(same_place, None)
