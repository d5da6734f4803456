"""Item models over what the window knows."""
