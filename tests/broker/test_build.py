from claude_remote.version import VERSION
from claude_remote_broker.build import find_build


def test_it_names_the_version_and_is_the_same_as_long_as_the_files_are() -> None:
    assert find_build() == find_build()
    assert find_build().startswith(f"{VERSION}+")
