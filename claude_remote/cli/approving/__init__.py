"""The commands about Claude's questions: `approvals`, `show`, `allow`, `deny`, `answer` and `rules`."""
