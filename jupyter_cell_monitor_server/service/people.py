"""What somebody may do: their role in each class, from the names of their Hub groups."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..contract.people import Role

_RANK: dict[Role, int] = {"student": 0, "assistant": 1, "teacher": 2}


@dataclass(frozen=True, slots=True)
class Person:
    """A Hub user. `may_teach`: their token carries the teach scope; the class decides the rest."""

    name: str
    classes: Mapping[str, Role]
    may_teach: bool

    def teaches(self, class_id: str) -> bool:
        """Whether this person may see the class as its teacher or assistant."""
        return self.may_teach and self.classes.get(class_id) in {"teacher", "assistant"}


class GroupRoles:
    """Reads classes and roles from group names such as `nbgrader-COURSE`, `formgrade-COURSE`."""

    def __init__(self, patterns: Mapping[Role, Sequence[str]]) -> None:
        self._patterns = [
            (role, _compile(pattern)) for role, several in patterns.items() for pattern in several
        ]

    def role_in(self, group: str) -> tuple[str, Role] | None:
        """The class and the role that a group stands for; None for any other group."""
        for role, pattern in self._patterns:
            match = pattern.fullmatch(group)
            if match:
                return match["class_id"], role
        return None

    def classes_of(self, groups: Iterable[str]) -> dict[str, Role]:
        """The role in each class; where there are several, the highest."""
        found: dict[str, Role] = {}
        for group in groups:
            named = self.role_in(group)
            if named and _RANK[named[1]] >= _RANK[found.get(named[0], "student")]:
                found[named[0]] = named[1]
        return found

    def members_of(self, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Role]]:
        """The members of each class, from the user names of each group."""
        members: dict[str, dict[str, Role]] = {}
        for group, names in groups.items():
            named = self.role_in(group)
            if named is None:
                continue
            of_class = members.setdefault(named[0], {})
            for name in names:
                if _RANK[named[1]] >= _RANK[of_class.get(name, "student")]:
                    of_class[name] = named[1]
        return members


def _compile(pattern: str) -> re.Pattern[str]:
    before, found, after = pattern.partition("{class_id}")
    if not found:
        raise ValueError(f"{pattern!r} holds no {{class_id}}")
    return re.compile(re.escape(before) + r"(?P<class_id>.+)" + re.escape(after))
