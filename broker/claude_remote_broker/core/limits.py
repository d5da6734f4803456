"""Every bound of what a peer could make the core grow, and every patience, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from claude_remote import bus, framing

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Counts, bytes and seconds."""

    sessions: int = 20_000
    prompts_of_session: int = 100  # that have not ended
    prompts_of_client: int = 500
    opens_of_client: int = 64  # sessions that wait for a worker without a prompt
    prompts_in_all: int = 5_000
    prompt_bytes_of_client: int = 64 * MIB
    prompt_bytes_in_all: int = 256 * MIB
    controls_of_session: int = 16  # unanswered
    controls_in_all: int = 256
    watchers: int = 64
    rules: int = 1_000
    rules_of_client: int = 100
    waiting_workers: int = 64  # above the pool's size, while their sessions wait for an approval
    unstored_of_worker: int = 2 * bus.WINDOW + bus.MAX_LINE  # bytes that a worker has sent, not yet on disk
    errands_of_client: int = 32  # processes; each costs some 5 MB, and 8 MiB more when both ways are full
    errands_in_all: int = 128
    listed: int = 4_000  # sessions in one list; the codec reads no longer list
    items_of_publication: int = 1_000

    attempts: int = 3  # leases that may end before a prompt begins
    retry_pause: float = 1.0  # after a start that failed, times the attempts
    storage_pause: float = 1.0  # until what could not be stored is tried again
    start: float = 30.0  # from Launch to Ready
    adoption: float = 30.0  # from the broker's start to the Ready of a worker that lives
    silence: float = bus.DEAD_AFTER  # then a worker is called silent
    silence_of_needed: float = 15.0  # then it is killed, if a prompt waits for its session
    warm_pause: float = 2.0  # from a new session to the start of the next warm claude
    warm_unused: float = 1800.0  # then a warm claude that nobody wanted ends
    ending: float = 30.0  # of a released worker that has no turn to finish
    control: float = 60.0
    errand_ending: float = 8.0  # from its dismissal until it is killed
    errand_silence: float = 60.0  # then it is killed; a disk that hangs is no reason yet
    pause_between_publications: float = 0.05  # of one session
    pause_between_acknowledgements: float = 2.0  # to one worker, but at every tick
    unacknowledged: int = 256 * 1024  # bytes: then at once
    unacknowledged_batches: int = bus.WINDOW_BATCHES // 2  # likewise
    pause_between_rounds: float = 0.5  # in which everything is looked at; an ordinary tick is each second
    own_pause: float = 3.0  # between two ticks: then it was this program that slept

    first_look: float = 5.0  # at what is too old or too much, after the broker's start
    pause_between_looks: float = 60.0
    pause_between_trims: float = 1.0
    trimmed_at_once: int = 50
    rest: float = 600.0  # a session that was used since is not trimmed for the journal's size

    sent_at_once: int = 4 * MIB  # of one commit, to all readers together
    read_ahead: int = framing.MAX_PAYLOAD  # one Load; a piece of a long line is one payload
