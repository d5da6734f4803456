"""The scripted model, asked by the real claude."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.fakes.claude import run_claude
from tests.fakes.messages_api import (
    ScriptedApi,
    bash,
    cut,
    failure,
    improvise,
    reply,
    text,
    tool,
)

pytestmark = pytest.mark.e2e


def claude(api: ScriptedApi, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return run_claude(api, home, "-p", *argv)


def test_text_is_streamed(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        api.reply(text("Hello from nowhere", chunks=3))
        assert claude(api, tmp_path, "hi").stdout == "Hello from nowhere\n"
        (call,) = api.calls
        assert call.prompt == "hi"
        assert call.results == ()
        assert "Bash" in call.tools


def test_a_rule_belongs_to_its_conversation(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        api.on("count", bash("echo $((40 + 2))"), text("It is 42."))
        api.on("other", text("Something else."))
        assert claude(api, tmp_path, "please count").stdout == "It is 42.\n"
        assert claude(api, tmp_path, "the other one").stdout == "Something else.\n"
        assert [result.words for result in api.calls[1].results] == ["42"]


def test_several_tools_in_one_message(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        api.reply(
            reply("Two.", tool("Bash", command="echo a"), tool("Bash", command="echo b")), text("Both ran.")
        )
        assert claude(api, tmp_path, "go").stdout == "Both ran.\n"
        assert sorted(result.words for result in api.calls[1].results) == ["a", "b"]


def test_an_error_is_tried_again(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        api.reply(failure(529, retry_after=0), text("Now it works."))
        assert claude(api, tmp_path, "hi").stdout == "Now it works.\n"


def test_a_cut_stream_is_asked_for_again(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        api.reply(cut("Half of"), text("The whole answer."))
        assert claude(api, tmp_path, "hi").stdout == "The whole answer.\n"


def test_what_nobody_scripted_fails_the_test(tmp_path: Path) -> None:
    def unscripted() -> None:
        with ScriptedApi() as api:
            claude(api, tmp_path, "surprise")

    with pytest.raises(AssertionError, match="surprise"):
        unscripted()


def test_it_improvises(tmp_path: Path) -> None:
    with ScriptedApi(otherwise=improvise) as api:
        assert claude(api, tmp_path, "say 3 words every 1 ms").stdout == "w0 w1 w2 \n"
        result = json.loads(claude(api, tmp_path, "say 100000 bytes", "--output-format", "json").stdout)
        assert len(result["result"]) == 100_000
