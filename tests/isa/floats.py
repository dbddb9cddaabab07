"""Floating-point operands to try instructions with: every class, boundaries, near relations."""

import random

from isa.softfloat.formats import DOUBLE, HALF, SINGLE

FORMATS = {"h": HALF, "s": SINGLE, "d": DOUBLE}
SHAPES = {HALF: (5, 10), SINGLE: (8, 23), DOUBLE: (11, 52)}  # exponent and fraction bits
MODES = range(5)


def corners(fmt: int) -> list[int]:
    """List the values at the ends of every class, of both signs."""
    exponent_bits, fraction_bits = SHAPES[fmt]
    top, unit = (1 << exponent_bits) - 1, 1 << fraction_bits
    one = top >> 1
    found = [0, 1, 2, unit >> 1, unit - 1, unit, unit + 1, 2 * unit - 1, 2 * unit]
    found += [one * unit + d for d in (-2, -1, 0, 1, 2)]
    found += [(one + 1) * unit, one * unit + unit // 2, (one - 1) * unit, (one - 1) * unit + 1]
    found += [(one + e) * unit + d for e in (7, 15, 30, 31, 32, 52, 62, 63, 64) for d in (-1, 0, 1)]
    found += [top * unit - 1, top * unit - 2, top * unit, top * unit + 1]
    found += [top * unit + unit // 2, top * unit + unit - 1, top * unit + unit // 2 - 1]
    kept = sorted({value for value in found if 0 <= value < (top + 1) * unit})
    return [sign << exponent_bits + fraction_bits | value for sign in (0, 1) for value in kept]


def draw(fmt: int, rng: random.Random, near: int | None = None) -> int:
    """Draw a value: a corner, any bits, sparse fractions, or one related to `near`."""
    exponent_bits, fraction_bits = SHAPES[fmt]
    width = 1 + exponent_bits + fraction_bits
    choice = rng.random()
    if choice < 0.15:
        return rng.choice(_CORNERS[fmt])
    if choice < 0.35 and near is not None:
        distance = rng.randrange(-2, fraction_bits + 3) << fraction_bits
        flip = rng.getrandbits(1) << width - 1
        return (near + rng.choice((-1, 1)) * distance + rng.randrange(-2, 3) ^ flip) % (1 << width)
    if choice < 0.6:
        return rng.getrandbits(width)
    middle = (1 << exponent_bits - 1) - 1
    spread = rng.choice((2, fraction_bits + 4, middle))
    exponent = max(0, min(2 * middle, middle + rng.randrange(-spread, spread + 1)))
    fraction = rng.getrandbits(fraction_bits)
    kind = rng.randrange(4)
    if kind == 0:
        fraction &= -1 << rng.randrange(fraction_bits)
    elif kind == 1:
        fraction |= (1 << rng.randrange(fraction_bits)) - 1
    elif kind == 2:
        fraction &= rng.getrandbits(fraction_bits) & rng.getrandbits(fraction_bits)
    return rng.getrandbits(1) << width - 1 | exponent << fraction_bits | fraction


def draw_many(fmt: int, rng: random.Random, count: int) -> list[int]:
    """Draw operands of one operation, each related to the one before."""
    found: list[int] = []
    for _ in range(count):
        found.append(draw(fmt, rng, found[-1] if found else None))
    return found


_CORNERS = {fmt: corners(fmt) for fmt in SHAPES}
