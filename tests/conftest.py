"""What holds for every test."""

from hypothesis import settings

# No test asserts a time; a machine that does something else meanwhile is slow, not wrong.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
