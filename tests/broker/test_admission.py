"""Places for strangers, and who has to give one up."""

from hypothesis import given
from hypothesis import strategies as st

from claude_remote_broker.admission import Admission
from claude_remote_broker.limits import Limits, Rate


class Hall:
    """An admission, and who was shown out."""

    def __init__(self, limits: Limits) -> None:
        self.admission = Admission(limits, 0)
        self.evicted: list[int] = []

    def enter(self, number: int, host: str) -> bool:
        return self.admission.enter(number, host, lambda: self.evicted.append(number))


def test_a_full_house_shows_out_the_oldest_of_the_address_with_most() -> None:
    hall = Hall(Limits(strangers=4, strangers_per_address=3))
    for number, host in enumerate(("a", "b", "b", "b")):
        assert hall.enter(number, host)
    assert hall.enter(4, "c")
    assert hall.evicted == [1]
    assert hall.admission.strangers == 4


def test_an_address_that_has_its_measure_gives_up_one_of_its_own() -> None:
    hall = Hall(Limits(strangers=10, strangers_per_address=2))
    for number, host in enumerate(("a", "b", "b", "b")):
        assert hall.enter(number, host)
    assert hall.evicted == [1]


def test_who_is_inside_is_never_shown_out() -> None:
    hall = Hall(Limits(connections=2, strangers=10))
    for number in (1, 2):
        assert hall.enter(number, "a")
        hall.admission.promote(number)
    assert not hall.enter(3, "b")
    assert hall.evicted == []
    hall.admission.leave(1)
    assert hall.enter(4, "b")


def test_handshakes_are_counted_for_each_address_and_for_all() -> None:
    admission = Admission(
        Limits(handshakes_per_address=Rate(1, 2), handshakes_local=Rate(1, 3), handshakes=Rate(1, 6)), 0
    )
    hosts = ["192.0.2.1"] * 3 + ["127.0.0.1"] * 4 + ["192.0.2.2"] * 2
    allowed = [admission.may_shake_hands(host, 0) for host in hosts]
    assert allowed == [True, True, False, True, True, True, False, True, False]
    assert admission.may_shake_hands("192.0.2.1", 1)


STEPS = st.tuples(st.sampled_from(["enter", "promote", "leave"]), st.integers(0, 40), st.sampled_from("abcd"))


@given(st.lists(STEPS, max_size=120))
def test_the_house_is_never_fuller_than_it_may_be(steps: list[tuple[str, int, str]]) -> None:
    limits = Limits(connections=8, strangers=5, strangers_per_address=3)
    hall = Hall(limits)
    strangers: dict[int, str] = {}
    inside: set[int] = set()
    for step, number, host in steps:
        if step == "enter" and number not in strangers and number not in inside:
            before = len(hall.evicted)
            if hall.enter(number, host):
                strangers[number] = host
            for evicted in hall.evicted[before:]:
                del strangers[evicted]
        elif step == "promote" and number in strangers:
            del strangers[number]
            inside.add(number)
            hall.admission.promote(number)
        elif step == "leave":
            strangers.pop(number, None)
            inside.discard(number)
            hall.admission.leave(number)
        assert hall.admission.strangers == len(strangers) <= limits.strangers
        assert hall.admission.connections == len(strangers) + len(inside) <= limits.connections
        counts = [list(strangers.values()).count(host) for host in "abcd"]
        assert max(counts) <= limits.strangers_per_address
