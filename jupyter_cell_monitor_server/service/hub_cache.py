"""What the Hub said of whom, for a while: bounded, and by hashes only."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

Said = TypeVar("Said")


def key_of(token: str) -> str:
    """The hash that a token or a cookie's token is known by: the cache itself can leak none."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Known(Generic[Said]):
    """The Hub's last word on a token: `said` is None where the token is nobody's.

    `session` is the browser's login at that time, `at_s` a time of a monotonic clock.
    """

    said: Said | None
    session: str
    at_s: float


class HubCache(Generic[Said]):
    """One entry for each token, at most `max_entries` of somebody and as many of nobody.

    An answer is fresh for `fresh_s` seconds, a refusal for `refused_s`. Times are a monotonic
    clock's, in seconds, and come in as arguments.
    """

    def __init__(self, max_entries: int, fresh_s: float, refused_s: float) -> None:
        self._max_entries = max_entries
        self._fresh_s = fresh_s
        self._refused_s = refused_s
        self._people: OrderedDict[str, Known[Said]] = OrderedDict()
        # Apart, so that guessed tokens push out nobody who is known.
        self._nobody: OrderedDict[str, Known[Said]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._people) + len(self._nobody)

    def fresh(self, key: str, session: str, now_s: float) -> Known[Said] | None:
        """What the Hub said a moment ago to the same login of the browser."""
        for entries, for_s in ((self._people, self._fresh_s), (self._nobody, self._refused_s)):
            known = entries.get(key)
            if known and known.session == session and now_s - known.at_s < for_s:
                entries.move_to_end(key)
                return known
        return None

    def last(self, key: str, session: str) -> Known[Said] | None:
        """The last good word on this token, however old; None where it is nobody's."""
        known = self._people.get(key)
        return known if known and known.session == session else None

    def keep(self, key: str, session: str, said: Said | None, now_s: float) -> None:
        """Put the Hub's new word in the place of its old one."""
        self._people.pop(key, None)
        self._nobody.pop(key, None)
        entries = self._nobody if said is None else self._people
        entries[key] = Known(said, session, now_s)
        if len(entries) > self._max_entries:
            entries.popitem(last=False)
