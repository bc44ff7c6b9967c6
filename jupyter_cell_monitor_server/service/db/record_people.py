"""Students, classes and members: written when they are new or change."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ...contract.people import Role
from ..people import Person
from .rows import find, insert_new, upsert
from .tables import class_members, classes, students


def save_people(connection: Connection, people: Iterable[Person], now: datetime) -> None:
    """Store who is there now, and in which classes."""
    by_name = {person.name: person for person in people}
    rows = [{"user_id": name, "last_seen_at": now} for name in sorted(by_name)]
    upsert(connection, students, rows, ("last_seen_at",))
    members = [
        {"class_id": class_id, "student_id": name, "role": role}
        for name, person in sorted(by_name.items())
        for class_id, role in sorted(person.classes.items())
    ]
    if not members:
        return
    key = ("class_id", "student_id", "role")
    known = find(connection, class_members, ("student_id",), {(name,) for name in by_name}, key)
    stored = {tuple(row.values()) for row in known}
    new = [member for member in members if tuple(member.values()) not in stored]
    if new:
        _save_classes(connection, {member["class_id"] for member in new})
        upsert(connection, class_members, new, ("role",))


def replace_members(connection: Connection, members: Mapping[str, Mapping[str, Role]]) -> None:
    """Make the members of each class what the Hub's groups say now."""
    _save_classes(connection, members)
    connection.execute(delete(class_members).where(class_members.c.class_id.not_in(members)))
    for class_id, of_class in sorted(members.items()):
        query = select(class_members.c.student_id, class_members.c.role)
        query = query.where(class_members.c.class_id == class_id)
        stored = dict(connection.execute(query).all())
        gone = sorted(stored.keys() - of_class.keys())
        if gone:
            connection.execute(
                delete(class_members).where(
                    class_members.c.class_id == class_id, class_members.c.student_id.in_(gone)
                )
            )
        rows = [
            {"class_id": class_id, "student_id": name, "role": role}
            for name, role in sorted(of_class.items())
            if stored.get(name) != role
        ]
        insert_new(connection, students, [{"user_id": row["student_id"]} for row in rows])
        upsert(connection, class_members, rows, ("role",))


def _save_classes(connection: Connection, class_ids: Iterable[str]) -> None:
    rows = [{"class_id": class_id, "title": class_id[:200]} for class_id in sorted(set(class_ids))]
    insert_new(connection, classes, rows)
