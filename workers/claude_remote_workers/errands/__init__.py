"""Errands: processes forked from the zygote, each for one exchange of one client. See `base` to write one."""
