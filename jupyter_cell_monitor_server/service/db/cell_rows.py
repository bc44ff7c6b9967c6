"""A cell as a row of `cells`."""

from typing import Any

from ..cell_keys import KnownCell

CELL_COLUMNS = tuple(name for name in KnownCell.__slots__ if name != "cell_id")


def row_of(cell: KnownCell) -> dict[str, Any]:
    """The columns of a cell."""
    # `dataclasses.asdict` copies all that is in the fields, which takes longer than to store it.
    return {name: getattr(cell, name) for name in KnownCell.__slots__}
