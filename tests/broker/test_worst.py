from claude_remote_broker.worst import Worst


def test_it_knows_the_worst_of_the_last_minute() -> None:
    now = [1000.0]
    worst = Worst(lambda: now[0])
    assert worst.read() is None
    worst.note(0.5)
    worst.note(0.2)
    now[0] += 30
    worst.note(0.3)
    assert worst.read() == 0.5
    now[0] += 40
    assert worst.read() == 0.3
    now[0] += 61
    assert worst.read() is None
