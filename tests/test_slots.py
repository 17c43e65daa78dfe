"""The bound on verifications under way, and the part of it that strangers don't get."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from django_identityx.exceptions import Busy
from django_identityx.service.slots import Slots


@pytest.mark.parametrize(("size", "unknown"), [(1, 1), (2, 2), (4, 3), (8, 6), (9, 7)])
def test_unknown_tokens_leave_a_quarter(size: int, unknown: int) -> None:
    slots = Slots(size)
    with ExitStack() as stack:
        for _ in range(unknown):
            stack.enter_context(slots.one(is_known=False))
        with pytest.raises(Busy) as caught:
            stack.enter_context(slots.one(is_known=False))
        assert caught.value.retry_after == 1
        for _ in range(size - unknown):
            stack.enter_context(slots.one(is_known=True))
        with pytest.raises(Busy):
            stack.enter_context(slots.one(is_known=True))
    with slots.one(is_known=False):
        pass


def test_a_slot_is_free_again_after_an_error() -> None:
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.one(is_known=False):
            raise ZeroDivisionError
