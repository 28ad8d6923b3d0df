"""Workers: what waits is done together, and what kills, delays or confuses one spoils nothing of the others'."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np
import pytest

from twelvelead.service.pool import TOGETHER, Pool
from twelvelead.service.problems import Problem


class Killer:
    """Ends the process that it is sent to."""

    def __reduce__(self):
        return os.abort, ()


def run(main):
    """What `main` gives, in a loop of its own: a browser's tests leave one running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, main()).result()


@asynccontextmanager
async def pooled(processes: int = 1, queue: int = 64, seconds: float = 30.0):
    pool = Pool(int, (), processes=processes, queue=queue, seconds=seconds)
    try:
        await pool.everywhere(int)
        yield pool
    finally:
        pool.close()


async def while_busy(pool: Pool, *coroutines, processes: int = 1):
    """What comes of these, begun while all workers are at work; exceptions in the place of results."""
    busy = [asyncio.create_task(pool.run(time.sleep, 0.3)) for _ in range(processes)]
    await asyncio.sleep(0.05)
    found = await asyncio.gather(*coroutines, return_exceptions=True)
    await asyncio.gather(*busy)
    return found


def places(count: int, pool: Pool):
    """Each gives its place among those that are done together, from 1 on."""
    return [pool.run_together(np.cumsum, 1) for _ in range(count)]


def test_what_waits_is_done_together_in_order():
    async def main():
        async with pooled() as pool:
            assert await pool.run_together(list, "alone") == "alone"
            assert await while_busy(pool, *places(4, pool)) == [1, 2, 3, 4]
            many = await while_busy(pool, *places(TOGETHER + 2, pool))
            assert many == [*range(1, TOGETHER + 1), 1, 2]

    run(main)


def test_workers_share_what_waits():
    async def main():
        async with pooled(processes=2) as pool:
            assert sorted(await while_busy(pool, *places(6, pool), processes=2)) == [1, 1, 1, 2, 2, 3]

    run(main)


def test_other_work_is_not_joined():
    async def main():
        async with pooled() as pool:
            found = await while_busy(
                pool,
                pool.run_together(np.cumsum, 1),
                pool.run(len, "abc"),
                pool.run_together(list, 7),
                *places(1, pool),
            )
            assert found == [1, 3, 7, 2]

    run(main)


def test_one_that_kills_its_worker_is_refused_and_the_others_are_answered():
    async def main():
        async with pooled() as pool:
            one, killer, other = await while_busy(
                pool, *(pool.run_together(list, item) for item in ("one", Killer(), "other"))
            )
            assert (one, other) == ("one", "other")
            assert isinstance(killer, Problem)
            assert (killer.status, killer.code) == (422, "unreadable")
            assert await pool.run(len, "abc") == 3

    run(main)


def test_one_that_raises_does_not_spoil_the_others():
    async def main():
        async with pooled() as pool:
            one, fault, other = await while_busy(
                pool, *(pool.run_together(np.float64, item) for item in ("1", "x", "3"))
            )
            assert (one, other) == (1.0, 3.0)
            assert isinstance(fault, ValueError)

    run(main)


def test_one_that_takes_too_long_is_ended():
    async def main():
        async with pooled(seconds=0.5) as pool:
            with pytest.raises(Problem, match=r"takes longer than 0\.5 s"):
                await pool.run(time.sleep, 30)
            assert await pool.run(len, "abc") == 3  # by a new process, which has half a second to start

    run(main)


def test_more_than_may_wait_are_told_to_come_again():
    async def main():
        async with pooled(queue=2) as pool:
            found = await while_busy(pool, *places(4, pool))
            assert found[:2] == [1, 2]
            assert [(each.status, each.headers["Retry-After"]) for each in found[2:]] == [(429, "1")] * 2
            assert (pool.waiting, pool.busy) == (0, 0)

    run(main)


def test_a_caller_that_goes_leaves_the_others_their_answers():
    async def main():
        async with pooled() as pool:
            leaving = asyncio.wait_for(pool.run_together(np.cumsum, 1), 0.05)
            one, gone, other = await while_busy(pool, *places(1, pool), leaving, *places(1, pool))
            assert (one, other) == (1, 2)
            assert isinstance(gone, TimeoutError)
            at_work = asyncio.create_task(pool.run(time.sleep, 0.2))
            await asyncio.sleep(0.05)
            at_work.cancel()
            assert await pool.run(len, "abc") == 3

    run(main)
