"""Processes die, stand still and lose each other at random while prompts run; then the books are checked.

    python -m tests.e2e.chaos [--seed N] [--rounds N] [--points]

Each round several clients prompt sessions, new and shared, and read them, programs among them that are killed
and stopped; others steer, close, rename, wake and interrupt the same sessions. Meanwhile broker, zygote,
workers, claudes and tools die or stand still, at some moment or at a named point of the program, the server
restarts five times within a second, and connections are cut. When all prompts have ended:
- every client was told of its prompt's end, and the journal says the same;
- no prompt has reached the model or had its effect twice; what is done has reached it, what is void has not;
- the log of every session is numbered without gap or double, and every reader has read exactly it;
- no question is open in a session whose claude has none, nothing of a dead lease lives;
- nothing is shown as running or waiting, in lists as in the feed, and no row of the journal is open;
- a window that has watched all the time shows what is listed;
- no process, spill file, socket, descriptor or thread is left that should not be there.
"""
