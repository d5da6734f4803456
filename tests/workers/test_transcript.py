"""What claude has on disk of a conversation."""

from __future__ import annotations

from pathlib import Path

from claude_remote_workers.transcript import find_transcript

SESSION = "00000000-0000-4000-8000-000000000001"
LINES = """\
{"type":"queue-operation","operation":"enqueue","content":"waited-1"}
{"parentUuid":null,"type":"user","message":{"role":"user","content":"see ran-2"},"uuid":"ran-1"}
{"type":"attachment","parentUuid":"ran-1","uuid":"other"}
{"type":"queue-operation","operation":"remove","commandUuid":"taken-back"}
{"type":"attachment","uuid":"a1","attachment":{"type":"queued_command","prompt":"x","source_uuid":"steered-1"}}
{"type":"user","uuid":"ran-3","message":{"role":"user","content":"one two"},"mergedSendUuids":["merged-1"]}
{"type":"assistant","uuid":"answer-1","message":{"content":[]}}
{"type":"cost-state","sessionId":"s","totalCostUSD":0.25}
{"type":"cost-state","sessionId":"s","totalCostUSD":0.5}
{"type":"user","uuid":"half-
"""


def test_a_prompt_is_found_by_its_own_id_alone(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "-home-me"
    folder.mkdir(parents=True)
    (folder / f"{SESSION}.jsonl").write_text(LINES)
    transcript = find_transcript({"CLAUDE_CONFIG_DIR": str(tmp_path)}, SESSION)
    assert transcript.exists
    assert transcript.has_prompt("ran-1")
    assert not transcript.has_prompt("ran-2")
    assert transcript.has_prompt("steered-1")
    assert transcript.has_prompt("merged-1")
    assert not transcript.has_prompt("taken-back")
    assert not transcript.has_prompt("waited-1")
    assert not transcript.has_prompt("answer-1")
    assert transcript.cost() == 0.5


def test_no_transcript(tmp_path: Path) -> None:
    transcript = find_transcript({"HOME": str(tmp_path)}, SESSION)
    assert not transcript.exists
    assert not transcript.has_prompt("ran-1")
    assert transcript.cost() == 0
