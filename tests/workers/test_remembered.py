"""What was given already."""

from claude_remote_workers.remembered import Remembered


def test_each_once_and_the_oldest_go() -> None:
    remembered = Remembered()
    assert [remembered.add(each) for each in ("a", "b", "a")] == [True, True, False]
    assert remembered.all == ("a", "b")
    for number in range(999):
        assert remembered.add(str(number))
    assert len(remembered.all) == 1000
    assert remembered.all[0] == "b"
