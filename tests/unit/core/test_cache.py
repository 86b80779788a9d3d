"""The cache forgets by age and by size, by a clock that the test turns."""

from shared.cache import Cache


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_value_is_fresh_until_its_time_is_over() -> None:
    clock = Clock()
    cache = Cache[str](limit=10, seconds=60, clock=clock)
    cache.put("key", "value")
    clock.seconds += 59.9
    assert cache.get("key") == "value"
    clock.seconds += 0.1
    assert cache.get("key") is None
    clock.seconds = 1000.0
    assert cache.get("key") is None, "what has expired is gone, not hidden"


def test_reading_does_not_prolong_a_value() -> None:
    clock = Clock()
    cache = Cache[str](limit=10, seconds=60, clock=clock)
    cache.put("key", "value")
    clock.seconds += 40
    cache.get("key")
    clock.seconds += 40
    assert cache.get("key") is None


def test_putting_again_does() -> None:
    clock = Clock()
    cache = Cache[str](limit=10, seconds=60, clock=clock)
    cache.put("key", "old")
    clock.seconds += 40
    cache.put("key", "new")
    clock.seconds += 40
    assert cache.get("key") == "new"


def test_the_longest_unused_value_goes_first() -> None:
    cache = Cache[int](limit=3, seconds=60, clock=Clock())
    for number in range(3):
        cache.put(str(number), number)
    cache.get("0")
    cache.put("3", 3)
    assert [cache.get(str(number)) for number in range(4)] == [0, None, 2, 3]


def test_it_never_holds_more_than_its_limit() -> None:
    cache = Cache[int](limit=5, seconds=60, clock=Clock())
    for number in range(1000):
        cache.put(str(number), number)
    assert sum(cache.get(str(number)) is not None for number in range(1000)) == 5


def test_a_dropped_value_is_gone_and_dropping_twice_is_harmless() -> None:
    cache = Cache[int](limit=5, seconds=60, clock=Clock())
    cache.put("key", 1)
    cache.drop("key")
    cache.drop("key")
    assert cache.get("key") is None
