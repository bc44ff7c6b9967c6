"""Who somebody is, as the lab and the teacher page are told at their start (`GET /me`)."""

from typing import Literal

from msgspec import Struct

Role = Literal["student", "assistant", "teacher"]


class ClassRole(Struct, kw_only=True):
    """A class and the role that somebody has in it."""

    class_id: str
    title: str
    role: Role


class Limits(Struct, kw_only=True):
    """What one request to `POST /events` may hold."""

    batch_events: int
    body_bytes: int
    event_bytes: int


class Me(Struct, kw_only=True):
    """The answer to `GET /me`.

    `notebook_patterns` say which paths belong to a class: `{class_id}` and `{assignment}` stand
    for one folder name, `*` for any part of a name, `**` for any path.
    `collects` names the data that the classes record.
    """

    name: str
    display_name: str
    classes: list[ClassRole]
    may_teach: bool
    notebook_patterns: list[str]
    collects: list[str]
    limits: Limits
    version: str
