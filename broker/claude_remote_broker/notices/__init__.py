"""Telling people who do not look: by commands and URLs that the owner has set."""
