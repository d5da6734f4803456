"""One lab for each module, and the servers' logs beside every test that fails."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator

import pytest

from tests.e2e.lab import Client, Lab

_labs: list[Lab] = []


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab with a running server of four workers, shared by the tests of a module."""
    with Lab() as lab:
        _labs.append(lab)
        lab.start("--workers", "4")
        yield lab
        _labs.remove(lab)


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """A lab for this test alone, without a server yet."""
    with Lab() as lab:
        _labs.append(lab)
        yield lab
        _labs.remove(lab)


@pytest.fixture(scope="module")
def alice(lab: Lab) -> Client:
    """A client with the usual rights, at the shared server."""
    return lab.approved("alice")


@pytest.fixture
def words() -> str:
    """A prompt that no other test uses."""
    return f"prompt {uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def _model_was_asked_only_what_is_scripted() -> Iterator[None]:
    yield
    unexpected = [call for lab in _labs for call in lab.api.unexpected]
    for lab in _labs:
        lab.api.unexpected.clear()
    assert not unexpected, f"the model was asked what no script answers: {unexpected}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for lab in _labs:
            report.sections.append(("the server's log", lab.log()[-20_000:]))
    return report
