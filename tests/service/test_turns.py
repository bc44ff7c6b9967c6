"""Turns: in order for each user, fair among them, and bounded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.service.turns import Turns

Item = tuple[str, int, int]


def a_queue(items: list[Item]) -> Turns[Item]:
    queue = Turns[Item](lambda item: item[2])
    for item in items:
        queue.add(item[0], item)
    return queue


def test_a_flood_stands_behind_nobody_and_before_nobody() -> None:
    """Whoever comes last is in the next transaction, whatever waits of another."""
    flood = [("flood", n, 100) for n in range(50)]
    queue = a_queue([*flood, ("ai", 0, 3), ("ken", 0, 5)])
    assert queue.take(1000, 200) == [flood[0], ("ai", 0, 3), ("ken", 0, 5), flood[1]]
    queue.add("ai", ("ai", 1, 1))
    assert queue.take(1000, 200) == [flood[2], ("ai", 1, 1), flood[3]]
    assert queue.of("flood") == 46 * 100


def test_where_not_all_users_fit_the_others_are_first_the_next_time() -> None:
    queue = a_queue([(name, n, 4) for n in range(2) for name in "abc"])
    taken = [[item[0] for item in queue.take(8, 8)] for _ in range(3)]
    assert taken == [["a", "b"], ["c", "a"], ["b", "c"]]


def test_what_is_larger_than_the_bound_goes_alone() -> None:
    queue = a_queue([("a", 0, 50), ("b", 0, 1)])
    assert queue.take(10, 10) == [("a", 0, 50)]
    assert queue.take(10, 10) == [("b", 0, 1)]


def test_what_was_taken_out_of_its_turn_is_not_there_any_more() -> None:
    queue = a_queue([("a", 0, 5), ("a", 1, 5)])
    assert queue.remove("a", ("a", 0, 5))
    assert not queue.remove("a", ("a", 0, 5))
    assert not queue.remove("b", ("b", 0, 5))
    assert (queue.total, queue.of("a")) == (5, 5)
    assert queue.drain() == [("a", 1, 5)]
    assert (queue.total, queue.of("a"), bool(queue)) == (0, 0, False)


items = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10**6), st.integers(1, 30)))


@settings(deadline=None)
@given(items, st.integers(1, 60), st.integers(1, 20))
def test_all_is_taken_once_in_each_users_order(items: list[Item], most: int, share: int) -> None:
    """And no transaction is heavier than its bound, but for an item that is alone."""
    queue, taken = a_queue(items), []
    while queue:
        before = {user: queue.of(user) for user in "abcd"}
        some = queue.take(most, share)
        assert some
        weight = sum(item[2] for item in some)
        assert weight <= most or len(some) == 1
        for user in "abcd":
            own = [item[2] for item in some if item[0] == user]
            assert sum(own) <= share or len(own) == 1
            assert queue.of(user) == before[user] - sum(own)
        taken += some
    assert queue.total == 0
    assert sorted(taken) == sorted(items)
    for user in "abcd":
        assert [i for i in taken if i[0] == user] == [i for i in items if i[0] == user]
