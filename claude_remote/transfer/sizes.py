"""How large, how many: what a transfer keeps in memory on either side is bounded by these."""

from __future__ import annotations

from claude_remote import messages

PACKET = messages.PARCEL  # more would stall the broker's loop, less is slow
RECORD = 256  # a Data record without its content, and what may come with it, are shorter
INLINE = 64 * 1024  # a file up to this size travels whole in one record, without being offered first
OFFERS = 8  # files that were offered and are not done
AHEAD = 4096  # entries that may be done before an earlier one is
BATCH = 256  # small files that are made durable together
BATCH_BYTES = 16 * 1024 * 1024
SYNC_EVERY = 64 * 1024 * 1024  # content is written to disk in the background, so that the end takes not long
LANE_AHEAD = 4  # packets of a file that wait to be hashed and written
HASH_STEP = 1024 * 1024
DEPTH = 128  # folders in folders
NAME = 255  # bytes of one name
PATH = 4096  # bytes of a path
SOURCES = 1024  # that one request names
