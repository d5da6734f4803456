"""The record of who did what: a chain of hashes in a database of its own, which is never trimmed."""
