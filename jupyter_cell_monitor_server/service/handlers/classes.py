"""`GET /classes…`: what a teacher sees of their own classes."""

from ..db.engine import reading
from ..db.read_classes import read_class, read_classes, read_errors, read_students
from ..db.read_grid import read_grid
from .base import BaseHandler

MAX_STUDENTS = 1000
MAX_ERRORS = 200


class ClassesHandler(BaseHandler):
    """All classes of a teacher."""

    async def get(self) -> None:
        """List them."""
        self.require_scope()
        await self.state.roster.refresh()
        person = self.person
        roles = {c: role for c, role in person.classes.items() if person.teaches(c)}
        async with reading(self.state.engine) as connection:
            self.write_json(await read_classes(connection, roles, self.state.now()))


class ClassHandler(BaseHandler):
    """One class."""

    async def get(self, class_id: str) -> None:
        """Its notebooks and the start of its lesson."""
        self.require_teacher(class_id)
        await self.state.roster.refresh()
        role = self.person.classes[class_id]
        async with reading(self.state.engine) as connection:
            self.write_json(await read_class(connection, class_id, role, self.state.now()))


class StudentsHandler(BaseHandler):
    """The members of a class."""

    async def get(self, class_id: str) -> None:
        """A page of its students."""
        self.require_teacher(class_id)
        await self.state.roster.refresh()
        limit = self.number("limit", MAX_STUDENTS, 1, MAX_STUDENTS)
        async with reading(self.state.engine) as connection:
            self.write_json(
                await read_students(connection, class_id, self.text("cursor") or "", limit)
            )


class GridHandler(BaseHandler):
    """The class live."""

    async def get(self, class_id: str) -> None:
        """Students × cells of one notebook."""
        self.require_teacher(class_id)
        await self.state.roster.refresh()
        since, until = self.moment("since"), self.moment("until")
        async with reading(self.state.engine) as connection:
            self.write_json(
                await read_grid(connection, class_id, self.text("notebook_key"), since, until)
            )


class ErrorsHandler(BaseHandler):
    """The errors of a class."""

    async def get(self, class_id: str) -> None:
        """A page of them, newest first."""
        self.require_teacher(class_id)
        before = self.number("cursor", 0, 1, 2**62) if self.text("cursor") is not None else None
        async with reading(self.state.engine) as connection:
            self.write_json(
                await read_errors(
                    connection,
                    class_id,
                    notebook_key=self.text("notebook_key"),
                    since=self.moment("since"),
                    before=before,
                    limit=self.number("limit", 50, 1, MAX_ERRORS),
                )
            )
