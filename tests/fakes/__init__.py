"""Stand-ins for what is outside: the model behind claude."""
