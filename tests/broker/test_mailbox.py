import asyncio
import threading

from claude_remote_broker.mailbox import Mailbox
from claude_remote_broker.ports import Event, Stored


def test_every_event_of_every_thread_arrives_in_the_order_of_its_thread() -> None:
    threads, each = 4, 2_000

    async def run() -> list[int]:
        arrived: list[int] = []
        done = asyncio.Event()

        def deliver(event: Event) -> None:
            assert isinstance(event, Stored)
            arrived.extend(event.tickets)
            if len(arrived) == threads * each:
                done.set()

        mailbox = Mailbox(asyncio.get_running_loop(), deliver)

        def post(number: int) -> None:
            for count in range(each):
                mailbox.put(Stored((number * each + count,)))

        posting = [threading.Thread(target=post, args=(number,)) for number in range(threads)]
        for thread in posting:
            thread.start()
        await asyncio.wait_for(done.wait(), 30)
        for thread in posting:
            thread.join()
        return arrived

    arrived = asyncio.run(run())
    for number in range(threads):
        mine = [ticket for ticket in arrived if ticket // each == number]
        assert mine == list(range(number * each, (number + 1) * each))


def test_after_the_loop_has_ended_nobody_is_told() -> None:
    loop = asyncio.new_event_loop()
    mailbox = Mailbox(loop, lambda event: None)
    loop.close()
    mailbox.put(Stored((1,)))
