"""Bringing the server and its claude to their newest versions: what the errand `update` is made of."""
