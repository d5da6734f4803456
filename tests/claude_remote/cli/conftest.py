"""The fixtures of tests.claude_remote.serving."""

from tests.claude_remote.serving import paths, serve_locally, serve_tls, server_identity, servers

__all__ = ["paths", "serve_locally", "serve_tls", "server_identity", "servers"]
