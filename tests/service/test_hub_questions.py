"""Who somebody is, while the Hub answers, is slow, is away, or is asked too much."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from jupyter_cell_monitor_server.service.hub_cache import HubCache, key_of
from jupyter_cell_monitor_server.service.hub_questions import (
    HubLimits,
    HubQuestions,
    HubUnavailable,
    Outcome,
)

LIMITS = HubLimits(
    cache_s=60, away_s=60, timeout_s=5, max_open=2, max_known=3, patience_s=0.02, refused_s=5
)


class SmallHub:
    """What the Hub says of each token, when it says it, and how often it was asked."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {"token-ai": "ai", "token-ken": "ken"}
        self.asked: list[str] = []
        self.is_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.now_s = 1000.0
        self.told: list[Outcome] = []
        self.questions = HubQuestions(self.ask, LIMITS, self.told.append, lambda: self.now_s)

    async def ask(self, token: str) -> str | None:
        self.asked.append(token)
        await self.may_answer.wait()
        if self.is_away:
            raise ConnectionError("refused")
        return self.people.get(token)

    async def about(self, token: str = "token-ai", session: str = "", **how: bool) -> str | None:
        return await self.questions.about(token, session, **how)


@pytest.fixture
async def hub() -> AsyncIterator[SmallHub]:
    found = SmallHub()
    yield found
    await found.questions.close()


async def test_an_answer_counts_for_a_while_and_then_the_hub_is_asked_again(hub: SmallHub) -> None:
    """A role that was lost is believed no longer than that."""
    assert [await hub.about(), await hub.about()] == ["ai", "ai"]
    assert len(hub.asked) == 1
    hub.people["token-ai"] = "ai without a class"
    hub.now_s += 59.9
    assert await hub.about() == "ai"
    hub.now_s += 0.1
    assert await hub.about() == "ai without a class"


async def test_a_refusal_counts_for_a_short_while(hub: SmallHub) -> None:
    """So that a client that goes on and on costs the Hub little."""
    assert [await hub.about("junk"), await hub.about("junk")] == [None, None]
    assert hub.asked == ["junk"]
    hub.people["junk"] = "new"
    hub.now_s += 5
    assert await hub.about("junk") == "new"


async def test_the_same_question_is_asked_once_at_a_time(hub: SmallHub) -> None:
    """Whoever comes meanwhile gets the same answer."""
    hub.may_answer.clear()
    waiting = [asyncio.create_task(hub.about()) for _ in range(20)]
    await asyncio.sleep(0)
    hub.may_answer.set()
    assert await asyncio.gather(*waiting) == ["ai"] * 20
    assert hub.asked == ["token-ai"]


async def test_one_who_gives_up_takes_the_question_from_nobody(hub: SmallHub) -> None:
    """A browser that went away must not fail the others."""
    hub.may_answer.clear()
    waiting = [asyncio.create_task(hub.about()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    hub.may_answer.set()
    assert await waiting[1] == "ai"


async def test_the_known_are_served_while_the_hub_is_away_and_the_unknown_are_not(
    hub: SmallHub,
) -> None:
    """For `away_s` after it stopped to answer."""
    await hub.about()
    hub.is_away = True
    hub.now_s += 60
    for _ in range(2):
        assert await hub.about() == "ai"
        assert hub.questions.is_away
        with pytest.raises(HubUnavailable):
            await hub.about("token-ken")
        hub.now_s += 60
    hub.now_s -= 59.9
    with pytest.raises(HubUnavailable):
        await hub.about()


async def test_the_time_runs_from_the_hubs_silence_whoever_noticed_it(hub: SmallHub) -> None:
    """Also for somebody whom it confirmed just before."""
    await hub.about()
    hub.now_s += 59
    await hub.about("token-ken")
    hub.is_away = True
    hub.now_s += 1
    assert await hub.about() == "ai"
    hub.now_s += 60
    assert await hub.about("token-ken") == "ken"
    hub.now_s += 0.1
    with pytest.raises(HubUnavailable):
        await hub.about("token-ken")


async def test_whoever_was_confirmed_too_long_ago_is_not_known(hub: SmallHub) -> None:
    """Much may have been taken from them since."""
    await hub.about()
    hub.is_away = True
    hub.now_s += 120.1
    with pytest.raises(HubUnavailable):
        await hub.about()


async def test_when_the_hub_is_back_its_word_counts_at_once(hub: SmallHub) -> None:
    """Also that a token is nobody's any more."""
    await hub.about()
    hub.is_away = True
    hub.now_s += 70
    assert await hub.about() == "ai"
    hub.is_away = False
    del hub.people["token-ai"]
    assert await hub.about() is None
    assert not hub.questions.is_away
    hub.is_away = True
    hub.now_s += 6
    with pytest.raises(HubUnavailable):
        await hub.about()


async def test_the_known_wait_little_for_a_slow_hub_and_its_late_answer_counts(
    hub: SmallHub,
) -> None:
    """The question goes on behind them."""
    await hub.about()
    hub.now_s += 60
    hub.may_answer.clear()
    assert await asyncio.wait_for(hub.about(), 60) == "ai"
    del hub.people["token-ai"]
    hub.may_answer.set()
    async with asyncio.timeout(60):
        while await hub.about() == "ai":
            pass
    assert hub.asked == ["token-ai"] * 2


async def test_above_the_bound_of_open_questions_only_the_known_are_served(hub: SmallHub) -> None:
    """Nothing queues up in front of the Hub."""
    await hub.about()
    hub.now_s += 60
    hub.may_answer.clear()
    others = [asyncio.create_task(hub.about(f"other-{n}")) for n in range(LIMITS.max_open)]
    await asyncio.sleep(0)
    assert await hub.about() == "ai"
    with pytest.raises(HubUnavailable) as refused:
        await hub.about("token-ken")
    assert refused.value.reason == "hub_busy"
    hub.may_answer.set()
    assert await asyncio.gather(*others) == [None, None]
    assert await hub.about("token-ken") == "ken"
    assert hub.told == ["somebody", "refused", "refused", "nobody", "nobody", "somebody"]


async def test_an_open_socket_is_asked_about_in_spite_of_the_cache(hub: SmallHub) -> None:
    """And is served from it while the Hub is away."""
    await hub.about()
    assert await hub.about(ask_again=True) == "ai"
    assert len(hub.asked) == 2
    hub.is_away = True
    assert await hub.about(ask_again=True) == "ai"
    hub.is_away = False
    del hub.people["token-ai"]
    assert await hub.about(ask_again=True) is None
    assert await hub.about() is None


async def test_another_login_of_the_browser_is_asked_about_anew(hub: SmallHub) -> None:
    """After a logout the Hub has withdrawn the token, whatever is cached."""
    await hub.about(session="one")
    del hub.people["token-ai"]
    assert await hub.about(session="one") == "ai"
    assert await hub.about(session="two") is None


def test_the_cache_holds_so_many_and_no_token_in_clear() -> None:
    """Guessed tokens push out nobody who is known."""
    cache = HubCache[str](3, fresh_s=60, refused_s=5)
    for number in range(3):
        cache.keep(key_of(f"token-{number}"), "", f"user-{number}", 0)
    for number in range(100):
        cache.keep(key_of(f"guess-{number}"), "", None, 0)
    assert len(cache) == 6
    assert cache.fresh(key_of("token-0"), "", 1)
    cache.keep(key_of("token-3"), "", "user-3", 0)
    assert [bool(cache.last(key_of(f"token-{n}"), "")) for n in range(4)] == [1, 0, 1, 1]
    assert "token-3" not in repr(vars(cache))
