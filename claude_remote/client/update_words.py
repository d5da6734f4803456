"""What is shown of an update, by whichever program has asked for it."""

from __future__ import annotations

from claude_remote.messages import FromUpdate, Plan, Progress, Restarts, Step

OUTDATED = 1  # the exit code of --check when there is something newer


def in_words(word: FromUpdate, payload: bytes) -> list[str]:
    """Lines, not yet made fit for a terminal."""
    match word:
        case Plan(newest=""):
            return [f"{word.what} {word.current}", f"  {word.how}"]
        case Plan(newer=False):
            return [f"{word.what} {word.current} is the newest version"]
        case Plan():
            return [f"{word.what} {word.current} → {word.newest}", f"  {word.how}"]
        case Step(words=words):
            return [words]
        case Progress():
            return [f"  {line}" for line in payload.decode(errors="replace").splitlines() if line.strip()]
        case Restarts():
            return ["restarting; what runs goes on"]
