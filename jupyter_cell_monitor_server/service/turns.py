"""Who is next: what waits of each user, in turns, so that nobody waits for another's flood."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Waiting items, each user's in the order in which they came. `size` is an item's weight."""

    def __init__(self, size: Callable[[Item], int]) -> None:
        self._size = size
        self._users: OrderedDict[str, deque[Item]] = OrderedDict()
        self._of_user: dict[str, int] = {}
        self.total = 0

    def __bool__(self) -> bool:
        return bool(self._users)

    def of(self, user: str) -> int:
        """The weight of what waits of this user."""
        return self._of_user.get(user, 0)

    def add(self, user: str, item: Item) -> None:
        """Queue an item behind the user's own."""
        self._users.setdefault(user, deque()).append(item)
        self._count(user, self._size(item))

    def remove(self, user: str, item: Item) -> bool:
        """Take an item out of its turn; False where it is not waiting any more."""
        waiting = self._users.get(user, deque())
        if item not in waiting:
            return False
        waiting.remove(item)
        self._count(user, -self._size(item))
        return True

    def take(self, most: int, most_of_user: int) -> list[Item]:
        """The next items, one of each user in turn, up to these weights.

        The first item is taken whatever its weight, and so is a user's first where it fits `most`.
        Whose item was taken is behind the others the next time.
        """
        taken: list[Item] = []
        left, used = most, dict.fromkeys(self._users, 0)
        while used:
            for user in list(used):
                size = self._size(self._users[user][0])
                fits = size <= left and (not used[user] or used[user] + size <= most_of_user)
                if taken and not fits:
                    del used[user]
                    continue
                taken.append(self._users[user].popleft())
                self._users.move_to_end(user)
                left, used[user] = left - size, used[user] + size
                self._count(user, -size)
                if user not in self._users:
                    del used[user]
        return taken

    def drain(self) -> list[Item]:
        """All that waits, at once."""
        items = [item for waiting in self._users.values() for item in waiting]
        self._users.clear()
        self._of_user.clear()
        self.total = 0
        return items

    def _count(self, user: str, more: int) -> None:
        self.total += more
        self._of_user[user] = self._of_user.get(user, 0) + more
        if not self._users[user]:
            del self._users[user], self._of_user[user]
