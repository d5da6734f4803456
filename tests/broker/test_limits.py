"""Buckets and addresses."""

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote_broker.limits import (
    Bucket,
    Buckets,
    Limits,
    Rate,
    address_key,
    is_local,
    raise_open_files,
)

RATE = Rate(per_second=2, burst=3)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(RATE, 0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0.4)
    assert bucket.take(0.5)
    assert not bucket.take(0.5)


@given(st.lists(st.floats(0, 10), max_size=200))
def test_a_bucket_never_gives_more_than_burst_and_rate_allow(pauses: list[float]) -> None:
    bucket, now, taken = Bucket(RATE, 0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= RATE.burst + RATE.per_second * now + 1e-6


@given(st.lists(st.floats(0, 1), max_size=100))
def test_who_waits_as_told_finds_a_token(pauses: list[float]) -> None:
    bucket, now = Bucket(RATE, 0), 0.0
    for pause in pauses:
        now += pause
        wait = bucket.spend(now)
        assert wait >= 0
        now += wait + 1e-6
        probe = Bucket(RATE, 0)
        probe._level, probe._at = bucket._level, bucket._at
        assert probe.take(now)


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 0.5)), max_size=300))
def test_only_so_many_addresses_are_remembered(visits: list[tuple[int, float]]) -> None:
    buckets, now = Buckets(8), 0.0
    for key, pause in visits:
        now += pause
        buckets.take(key, RATE, now)
        assert len(buckets) <= 8


def test_forgetting_prefers_those_who_did_nothing_lately() -> None:
    buckets = Buckets(2)
    for _ in range(3):
        buckets.take("busy", RATE, 10)
    buckets.take("quiet", RATE, 0)
    buckets.take("new", RATE, 10)
    assert not buckets.take("busy", RATE, 10)


@pytest.mark.parametrize(
    ("host", "key", "local"),
    [
        ("192.0.2.7", "192.0.2.7", False),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("unix", "unix", True),
    ],
)
def test_what_counts_as_one_address(host: str, key: str, local: bool) -> None:
    assert address_key(host) == key
    assert is_local(key) is local


def test_open_files_are_raised_as_far_as_allowed() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        limits = Limits(connections=64)
        assert raise_open_files(limits) == 576
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 576
        assert raise_open_files(limits) == 576
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
