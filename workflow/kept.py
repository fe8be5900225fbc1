"""The last few answers to questions that are asked again and again, for several threads."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")


def worked_out_once(most: int) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """As `functools.lru_cache`, for work of seconds: whoever asks while it is done waits, and nobody does it again.

    >>> @worked_out_once(2)
    ... def square(n):
    ...     print("at work")
    ...     return n * n
    >>> square(3), square(3)
    at work
    (9, 9)
    """

    def decorate(work: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        one_at_a_time = threading.Lock()
        kept = functools.lru_cache(maxsize=most)(work)

        @functools.wraps(work)
        def answer(*asked: Asked.args, **named: Asked.kwargs) -> Answer:
            with one_at_a_time:
                return kept(*asked, **named)  # type: ignore[arg-type]  # what may be asked can be kept

        return answer

    return decorate


class Kept:
    """So many answers, of which the one that was asked for longest ago goes first.

    It belongs to what the questions are about and goes with it: a cache of a function would hold on to that.

    >>> squares = Kept(2)
    >>> [squares.answer(n, lambda n=n: n * n) for n in (1, 2, 3)], len(squares)
    ([1, 4, 9], 2)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many answers there are."""
        return len(self._answers)

    def answer(self, question: Hashable, work: Callable[[], Answer]) -> Answer:
        """What `work` answers, or answered when the same question was asked before."""
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
                return cast("Answer", self._answers[question])
        # Two threads may work at once on the same: better than that all wait for one.
        found = work()
        with self._lock:
            self._answers[question] = found
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return found
