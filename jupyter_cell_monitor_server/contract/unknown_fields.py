"""Fields that no struct names: kept beside those that one does, at every level."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

Inner = Mapping[type[Struct], Mapping[str, type[Struct]]]
"""The structs in the fields of a struct: one, or a list of them."""


def take_unknown(fields: dict[str, Any], struct: type[Struct], inner: Inner) -> dict[str, Any]:
    """Take what `struct` does not name out of `fields`.

    What was unknown within a field stands under the field's name; within a list, under the item's
    index.
    """
    named = frozenset(struct.__struct_fields__)
    unknown = {name: fields.pop(name) for name in list(fields) if name not in named}
    for name, kind in inner.get(struct, {}).items():
        found = _within(fields.get(name), kind, inner)
        if found:
            unknown[name] = found
    return unknown


def _within(value: Any, struct: type[Struct], inner: Inner) -> dict[str, Any]:
    if isinstance(value, dict):
        return take_unknown(value, struct, inner)
    items = enumerate(value) if isinstance(value, list) else ()
    found = {str(index): _within(item, struct, inner) for index, item in items}
    return {index: unknown for index, unknown in found.items() if unknown}
