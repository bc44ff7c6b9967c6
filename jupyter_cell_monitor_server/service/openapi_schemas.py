"""JSON Schemas of the contract's structs, as exact as the service is.

msgspec writes a struct's own schema. What it does not know is added here: that a time in an answer
is RFC 3339, which fields an answer always has, that an event's unknown fields are kept.
"""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import inspect as types

from ..contract.events import Event, OtherEvent

REF = "#/components/schemas/{name}"
Json = dict[str, Any]
# What `clean_path` takes: a path below the home folder, without control characters.
PATH_PATTERN = (
    r"^(?![\s\S]*[\\\x00-\x1f\x7f-\x9f])(?!/?$)(?!//)(?!(?:[^/]*/)*\.\.(?:/|$))"
    r"[^\\\x00-\x1f\x7f-\x9f]+$"
)
_PATHS = ("notebook_path", "renamed_from")


def ref(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": REF.format(name=name)}


def schemas(taken: Iterable[type], given: Iterable[type]) -> dict[str, Json]:
    """The schema of each struct, and of each that it holds, by its name.

    `taken` are sent by clients, who may leave out what has a default and add what they like;
    `given` are answers, and have all their fields.
    """
    taken, given = list(taken), list(given)
    _, found = msgspec.json.schema_components([*taken, *given], ref_template=REF)
    described: dict[str, Json] = dict(found)
    for info in _struct_types(types.multi_type_info(given)):
        _complete(described[info.cls.__name__], info)
        _require(described[info.cls.__name__], info)
    for info in _struct_types(types.multi_type_info(taken)):
        schema = described[info.cls.__name__]
        _complete(schema, info)
        schema.pop("additionalProperties", None)
        if issubclass(info.cls, Event):
            schema["required"].append("event_type")
    return described


def _struct_types(infos: Iterable[types.Type]) -> Iterable[types.StructType]:
    """All struct types within, each once."""
    found: dict[type, types.StructType] = {}
    waiting = list(infos)
    while waiting:
        info = waiting.pop()
        if isinstance(info, types.StructType):
            if info.cls not in found:
                found[info.cls] = info
                waiting += [field.type for field in info.fields]
        elif isinstance(info, types.UnionType):
            waiting += info.types
        elif isinstance(info, types.ListType):
            waiting.append(info.item_type)
        elif isinstance(info, types.DictType):
            waiting.append(info.value_type)
    return found.values()


def _complete(schema: Json, info: types.StructType) -> None:
    schema["description"] = inspect.cleandoc(schema["description"])
    for field in info.fields:
        value = schema["properties"][field.encode_name]
        if _is_made(field):
            value["const"] = field.default_factory()
        if _is_time(field.type):
            _of_type(value, "string")["format"] = "date-time"
        if field.encode_name in _PATHS and issubclass(info.cls, (Event, OtherEvent)):
            _of_type(value, "string")["pattern"] = PATH_PATTERN


def _require(schema: Json, info: types.StructType) -> None:
    """An answer's fields are all there, but for those that are left out at their default."""
    omits = info.cls.__struct_config__.omit_defaults
    schema["required"] = [
        field.encode_name for field in info.fields if field.required or not omits or _is_made(field)
    ]


def _is_made(field: types.Field) -> bool:
    """Whether a factory gives a field its one value."""
    return field.default_factory not in {msgspec.NODEFAULT, dict, list}


def _is_time(info: types.Type) -> bool:
    kinds = info.types if isinstance(info, types.UnionType) else (info,)
    return any(isinstance(kind, types.DateTimeType) for kind in kinds)


def _of_type(schema: Json, name: str) -> Json:
    """The part of a schema that is of this JSON type."""
    parts: list[Json] = schema.get("anyOf", [schema])
    return next(part for part in parts if part.get("type") == name)
