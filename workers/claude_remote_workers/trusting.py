"""Whether claude trusts its folder: said once in a session, and made so when somebody asks for it."""

from __future__ import annotations

import msgspec

from claude_remote import facts
from claude_remote_workers.outside import Outside
from claude_remote_workers.trust import TrustFailed, find_untrusted


class Trusting:
    """Of one claude, which works in `folder`. `resumed`: it was said when the session began."""

    def __init__(self, outside: Outside, folder: str, *, resumed: bool) -> None:
        self._outside = outside
        self._folder = folder
        self._untrusted: str | None = None
        self._said = resumed

    def look(self, stderr: str) -> None:
        """What claude wrote to its standard error so far, or the end of it."""
        found = find_untrusted(stderr, self._folder) if self._untrusted is None else None
        if found is None:
            return
        ignored, self._untrusted = found
        if not self._said:
            self._said = True
            words = (
                f"Claude ignores {ignored}, for it does not trust {self._untrusted}. "
                "To trust it, with all that its settings and hooks do: claude-remote trust, or /trust here."
            )
            self._outside.record(facts.Notice(level="warning", text=words))

    def trust(self, request: str) -> None:
        """Trust the folder that claude complains of, or else its own."""
        folder = self._untrusted or self._folder
        try:
            self._outside.trust(folder)
        except TrustFailed as error:
            self._outside.reply(request, msgspec.json.encode({"error": str(error)}), ok=False)
        else:
            self._outside.reply(request, msgspec.json.encode({"folder": folder}), ok=True)
            text = f"{folder} is trusted now; its settings hold when claude starts anew."
            self._outside.record(facts.Notice(level="info", text=text))
