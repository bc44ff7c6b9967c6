"""Asks the Hub who somebody is: once for each token at a time, and never more than it can bear."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .hub_cache import HubCache, key_of

Said = TypeVar("Said")
Outcome = Literal["somebody", "nobody", "failed", "refused"]


class HubUnavailable(Exception):
    """The Hub did not say in time who this is, and what it said before is too old.

    `reason`: `hub_away`, or `hub_busy` where too many questions are open.
    """

    def __init__(self, detail: str, reason: str = "hub_away") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Times in seconds.

    `cache_s`: how long an answer counts while the Hub answers; `away_s`: how much longer when it
    does not; `patience_s`: how long somebody known waits for a slow Hub; `timeout_s`: how long
    anybody does; `max_open`: questions at the same time; `max_known`: how many tokens are
    remembered; `refused_s`: how long a token that was nobody's stays so.
    """

    cache_s: float
    away_s: float
    timeout_s: float
    max_open: int
    max_known: int
    patience_s: float = 2.0
    refused_s: float = 5.0


@dataclass(frozen=True, slots=True)
class _Question(Generic[Said]):
    task: asyncio.Task[Said | None]
    began_s: float


class HubQuestions(Generic[Said]):
    """`ask` asks the Hub about one token; whatever it raises means that the Hub did not answer.

    `tell` hears how each question ended. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Said | None]],
        limits: HubLimits,
        tell: Callable[[Outcome], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._limits = limits
        self._tell = tell
        self._clock = clock
        self._cache = HubCache[Said](limits.max_known, limits.cache_s, limits.refused_s)
        self._open: dict[str, _Question[Said]] = {}
        self._silent_since_s: float | None = None
        self._failed = False

    @property
    def is_away(self) -> bool:
        """Whether the Hub failed to answer the last question, or is slow to answer an open one."""
        late_s = self._clock() - self._limits.patience_s
        return self._failed or any(q.began_s < late_s for q in self._open.values())

    async def about(self, token: str, session: str, *, ask_again: bool = False) -> Said | None:
        """Whose token this is; None where it is nobody's.

        `session` is the browser's login, `ask_again` passes over what is cached as long as the
        Hub answers. Raises `HubUnavailable`.
        """
        key = key_of(token)
        known = None if ask_again else self._cache.fresh(key, session, self._clock())
        if known is not None:
            return known.said
        question = self._open.get(key) or self._begin(key, token, session)
        if question is None:
            return self._remembered(key, session, "The Hub is asked too much.", "hub_busy")
        if not await self._is_answered(question, key, session):
            return self._remembered(key, session, "The Hub does not answer.", "hub_away")
        return question.task.result()

    async def close(self) -> None:
        """Ask nothing more."""
        tasks = [question.task for question in self._open.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: str, token: str, session: str) -> _Question[Said] | None:
        if len(self._open) >= self._limits.max_open:
            self._tell("refused")
            return None
        now_s = self._clock()
        if self._silent_since_s is None:
            self._silent_since_s = now_s
        question = _Question(asyncio.create_task(self._question(key, token, session)), now_s)
        self._open[key] = question
        return question

    async def _question(self, key: str, token: str, session: str) -> Said | None:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                said = await self._ask(token)
        except Exception as error:
            self._failed = True
            self._tell("failed")
            raise HubUnavailable(f"The Hub did not say who this is: {error}") from error
        else:
            self._answered(key, session, said)
            return said
        finally:
            del self._open[key]

    def _answered(self, key: str, session: str, said: Said | None) -> None:
        now_s = self._clock()
        self._cache.keep(key, session, said, now_s)
        self._failed = False
        self._silent_since_s = None
        self._tell("nobody" if said is None else "somebody")

    async def _is_answered(self, question: _Question[Said], key: str, session: str) -> bool:
        """Wait for the answer, and shorter where an older one would do."""
        waits_s = self._limits.timeout_s
        if self._may_serve(key, session):
            waits_s = question.began_s + self._limits.patience_s - self._clock()
        # Only the waiting is given up: the question goes on, and its answer counts for the next.
        done, _ = await asyncio.wait([question.task], timeout=max(0.0, waits_s))
        return bool(done) and not question.task.cancelled() and question.task.exception() is None

    def _remembered(self, key: str, session: str, detail: str, reason: str) -> Said | None:
        known = self._cache.last(key, session)
        if known is None or not self._may_serve(key, session):
            raise HubUnavailable(detail, reason)
        return known.said

    def _may_serve(self, key: str, session: str) -> bool:
        """Both from the Hub's silence and from its word on this token on, time is bounded."""
        limits, now_s = self._limits, self._clock()
        known = self._cache.last(key, session)
        if known is None or now_s - known.at_s > limits.cache_s + limits.away_s:
            return False
        since_s = self._silent_since_s
        return since_s is None or now_s - since_s <= limits.away_s
