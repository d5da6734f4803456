"""The server: door, router core, journal and feed."""
