from __future__ import annotations

from claude_remote.fingerprints import of
from claude_remote.pairing import _load_words, pairing_words


def test_the_list_is_whole() -> None:
    words = _load_words()
    assert len(words) == len(set(words)) == 2048
    assert len({word[:4] for word in words}) == 2048
    assert (words[0], words[-1]) == ("abandon", "zoo")


def test_both_ends_get_the_same_words_in_every_version() -> None:
    # Another client of this protocol must get them too: docs/protocol.md says how.
    assert pairing_words("a", "b") == ("umbrella", "joy", "churn", "sun", "action", "cable")


def test_another_certificate_on_either_side_gives_other_words() -> None:
    server, client, other = of(b"server"), of(b"client"), of(b"other")
    found = {
        pairing_words(server, client),
        pairing_words(client, server),
        pairing_words(other, client),
        pairing_words(server, other),
    }
    assert len(found) == 4
    assert all(len(words) == 6 for words in found)
