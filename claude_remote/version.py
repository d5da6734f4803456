"""The version, kept in code: importlib.metadata costs more than the rest of a `ping`."""

VERSION = "0.1.0"
