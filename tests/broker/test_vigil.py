from claude_remote.errors import BadFrame, LinkLost, TimedOut
from claude_remote_broker.limits import Limits
from claude_remote_broker.vigil import Vigil

LIMITS = Limits(frame_timeout=10.0)


def test_silence_on_either_side() -> None:
    vigil = Vigil(LIMITS, 100.0)
    assert not vigil.heartbeat_due(104.9)
    assert vigil.heartbeat_due(105.0)
    vigil.said(105.0)
    assert not vigil.heartbeat_due(109.9)
    assert vigil.failure(114.9) is None
    assert isinstance(vigil.failure(115.0), LinkLost)
    vigil.heard(114.0)
    assert vigil.failure(128.9) is None


def test_what_is_expected_and_does_not_happen() -> None:
    vigil = Vigil(LIMITS, 0.0)
    vigil.expect_within(3.0, "no hello came", 1.0)
    assert not vigil.is_late(3.9)
    failure = vigil.failure(4.0)
    assert isinstance(failure, TimedOut)
    assert failure.message == "no hello came"
    vigil.expect_within(None, "", 3.0)
    assert vigil.failure(4.0) is None


def test_a_frame_that_dribbles() -> None:
    vigil = Vigil(LIMITS, 0.0)
    for now in (1.0, 5.0, 10.0):
        vigil.heard(now)
        vigil.frame_begun(now)
    assert vigil.failure(10.9) is None
    assert isinstance(vigil.failure(11.0), BadFrame)
    vigil.frame_ended()
    assert vigil.failure(11.0) is None
    vigil.frame_begun(12.0)
    assert vigil.failure(12.0) is None
