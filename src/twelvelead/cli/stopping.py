"""Commands that keep what is finished when they are stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from twelvelead.errors import Interrupted


class _Signal(BaseException):
    """No fault, and not to be taken for one."""


@contextmanager
def stoppable(message: str) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the block, which may close what it has open, once.

    Args:
        message: what is said then.

    Raises:
        Interrupted: one of them came.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    caught = [number for number, handler in before.items() if handler != signal.SIG_IGN]  # as nohup leaves SIGHUP

    def stop(number: int, frame: FrameType | None) -> None:
        for each in caught:
            signal.signal(each, signal.SIG_IGN)  # a second one would cut off the closing
        raise _Signal(number)

    try:
        for number in caught:
            signal.signal(number, stop)
        yield
    except _Signal as stopped:
        raise Interrupted(message, stopped.args[0]) from None
    finally:
        for number in caught:
            signal.signal(number, before[number])
