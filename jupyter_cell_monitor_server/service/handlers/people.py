"""`GET /me`, `GET /executions`, `GET /progress`: what somebody may know of their own work."""

import msgspec

from ...contract.people import ClassRole
from ..db.engine import reading
from ..db.reads import Position, RunFilter, parse_position, read_executions, read_progress
from .answers import ApiError
from .base import BaseHandler

MAX_EXECUTIONS = 500


class MeHandler(BaseHandler):
    """Who is logged in."""

    async def get(self) -> None:
        """Name, classes and what the lab needs to know at its start."""
        person = self.person
        classes = [
            ClassRole(class_id=class_id, title=class_id, role=role)
            for class_id, role in sorted(person.classes.items())
        ]
        self.write_json(
            msgspec.structs.replace(
                self.state.me,
                name=person.name,
                display_name=person.name,
                classes=classes,
                may_teach=person.may_teach,
            )
        )


class ExecutionsHandler(BaseHandler):
    """Runs: a student's own, or, with a class, those of the teacher's class."""

    async def get(self) -> None:
        """A page of runs in the order of the kernel's times."""
        class_id, student_id = self.text("class_id"), self.text("student_id")
        if class_id is not None:
            self.require_teacher(class_id)
        elif student_id not in {None, self.person.name}:
            raise ApiError(403, "forbidden", "Name the class whose student this is.")
        chosen = RunFilter(
            student_id=student_id if class_id is not None else self.person.name,
            class_id=class_id,
            notebook_path=self.path_argument(),
            notebook_key=self.text("notebook_key"),
            cell_id=self.text("cell_id"),
            since=self.moment("since"),
            until=self.moment("until"),
            after=self._after(),
            limit=self.number("limit", 100, 1, MAX_EXECUTIONS),
        )
        async with reading(self.state.engine) as connection:
            self.write_json(await read_executions(connection, chosen))

    def _after(self) -> Position | None:
        cursor = self.text("cursor")
        try:
            return None if cursor is None else parse_position(cursor)
        except ValueError as error:
            raise ApiError(400, "invalid", "cursor is none of this list's.") from error


class ProgressHandler(BaseHandler):
    """A student's own progress."""

    async def get(self) -> None:
        """On one notebook, or on all."""
        async with reading(self.state.engine) as connection:
            path = self.path_argument()
            self.write_json(await read_progress(connection, self.person.name, path))
