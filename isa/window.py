"""A window to a device: registers of it that are read and written without asking the device.

The device says, in words beside the hart, how often each register may be read before it wants to
be asked (and what it then says), and how often each may be written; what was written waits there
for it in order. An access may also leave one register, always the same one, with another value.
Everything else is an exit, as ever. So what a guest sees is what the device does.
"""

from isa.machine import MachinePage, window_get, window_put
from isa.state import Slot

SPAN = 8
"""Registers of one byte that a window shows."""
NO_ANSWER = 1 << 32  # no register has it
MANY = 1 << 62  # as often as it likes
USES, POSTED, LINKED = 0, 1, 2  # accesses ever made; stores that wait; the register they change
VALUES_AT, LOADS_AT, STORES_AT = SPAN, 2 * SPAN, 3 * SPAN
LOAD_LEAVES_AT, STORE_LEAVES_AT = 4 * SPAN, 5 * SPAN  # what an access leaves there, 0 for nothing
LOG_AT = 6 * SPAN
LOG_WORDS = 4096


def load_through(hart: MachinePage, pa: int, size: int) -> int:
    """Give what a device register reads as, NO_ANSWER when the device must be asked."""
    at = pa - hart[Slot.WINDOW_AT]
    if at >= SPAN or pa & size - 1 != 0:
        return NO_ANSWER
    left = window_get(hart, LOADS_AT + at)
    if left == 0:
        return NO_ANSWER
    window_put(hart, LOADS_AT + at, left - 1)
    value = window_get(hart, VALUES_AT + at)
    note_use(hart, LOAD_LEAVES_AT + at)
    return value


def note_use(hart: MachinePage, index: int) -> None:
    """Count an access, and do to the linked register what it does."""
    window_put(hart, USES, window_get(hart, USES) + 1)
    value = window_get(hart, index)
    if value != 0:
        window_put(hart, VALUES_AT + window_get(hart, LINKED), value)


def store_through(hart: MachinePage, pa: int, size: int, value: int) -> bool:
    """Leave a value for a device register; say whether that could be done."""
    at = pa - hart[Slot.WINDOW_AT]
    if at >= SPAN or pa & size - 1 != 0:
        return False
    left = window_get(hart, STORES_AT + at)
    if left == 0:
        return False
    window_put(hart, STORES_AT + at, left - 1)
    note_use(hart, STORE_LEAVES_AT + at)
    posted = window_get(hart, POSTED)
    window_put(hart, LOG_AT + posted, at << 8 | value & 0xFF)
    window_put(hart, POSTED, posted + 1)
    return True
