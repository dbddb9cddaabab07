"""What may differ between our objects and those of GNU as 2.40, each with its reason.

Whatever is not listed here fails the tests that compare.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from isa.registers import X_NAMES
from tests.assembler.gnu import Summary

REGISTERS = (*X_NAMES, "fp", *(f"x{number}" for number in range(32)))
_FRAMES = (".eh_frame", ".debug_frame")
_SET6, _SUB6 = 53, 52
_PLACE = ".L0 "
_MARKS = ("$x", "$d")
_NAME, _SECTION = 0, 5  # in a symbol of a summary


def settle(ours: Summary, theirs: Summary) -> Summary:
    """Give GNU's summary without what need not agree with ours."""
    return _without_register_names(ours, _without_split_advances(ours, theirs))


def without_marks(summary: Summary) -> Summary:
    """Leave mapping symbols out, for random sources only.

    Behind padding that begins at an odd place, GNU as has one or not by what else its fragment of
    memory holds. Compilers' output and written programs are compared with their mapping symbols.
    """
    kept = {s: n for s, n in summary.symbols.items() if not str(s[_NAME]).startswith(_MARKS)}
    return replace(summary, symbols=Counter(kept))


def _without_register_names(ours: Summary, theirs: Summary) -> Summary:
    """Drop undefined symbols called like registers.

    GNU as makes them when it tries `li a0, a1` or `lw a0, a1` as something else than what it turns
    out to be, and leaves them in the table. Nothing refers to them.
    """
    kept = Counter(
        {
            symbol: count
            for symbol, count in theirs.symbols.items()
            if symbol in ours.symbols
            or symbol[_SECTION] != "SHN_UNDEF"
            or symbol[_NAME] not in REGISTERS
        }
    )
    return replace(theirs, symbols=kept)


def _without_split_advances(ours: Summary, theirs: Summary) -> Summary:
    """Drop relocations of an advance of the location in a frame description that is constant.

    GNU as knows a distance only inside one of its fragments. It begins a new one where a linker
    might shorten code, as we do, but also where a block of its memory happened to be full (every
    4064 bytes, headers of fragments included). The byte is the same with and without.
    """
    relocations = dict(theirs.relocations)
    dropped: Counter[tuple[Any, ...]] = Counter()
    for name in _FRAMES:
        known = {entry[0] for entry in ours.relocations.get(name, ())}
        kept = []
        for entry in theirs.relocations.get(name, ()):
            if entry[1] in (_SET6, _SUB6) and entry[0] not in known:
                dropped[(_PLACE, entry[4])] += 1
            else:
                kept.append(entry)
        if name in relocations:
            relocations[name] = kept
    symbols = Counter(theirs.symbols)
    for symbol in theirs.symbols - ours.symbols:
        if (symbol[_NAME], symbol[1]) in dropped:
            symbols[symbol] = ours.symbols[symbol]
    return replace(theirs, relocations=relocations, symbols=symbols)
