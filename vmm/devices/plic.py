"""The platform-level interrupt controller: from device lines to the harts' external interrupts.

Follows the RISC-V Platform-Level Interrupt Controller Specification v1.0.0, with the context
numbers of QEMU's board: context 2h is M-mode of hart h, context 2h + 1 its S-mode. All sources are
level-sensitive: a gateway passes on one request and no other before the first is completed.

| offset | register |
|---|---|
| 4s | priority of source s, 3 bits; 0 is never |
| 0x1000 | pending bits, read-only |
| 0x2000 + 0x80c | enable bits of context c |
| 0x200000 + 0x1000c | priority threshold of context c |
| 0x200004 + 0x1000c | read: claim; write: complete |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from vmm.contracts import DeviceState, InterruptLine, TreeSite
from vmm.devices.state import load_state, save_state, shaped
from vmm.fdt import TreeNode, cells64, hart_label

SPAN = 0x600000
SOURCES = 96
PRIORITY_BITS = 3
WORDS = SOURCES // 32 + 1
WORD = (1 << 32) - 1
VALID = (1 << SOURCES + 1) - 2  # there is no source 0
PENDING_AT, ENABLE_AT, CONTEXT_AT = 0x1000, 0x2000, 0x200000
ENABLE_STRIDE, CONTEXT_STRIDE = 0x80, 0x1000
CLAIM = 4
MEI, SEI = 11, 9
CONTEXT_CODES = (MEI, SEI)

External = Callable[[int, int, bool], None]
"""Takes a hart, the code of its external interrupt, and the new level."""


@dataclass
class PlicState:
    """Priorities by source, and bits by source: lines, requests, requests being served."""

    priority: list[int] = field(metadata=shaped(bits=PRIORITY_BITS))
    level: list[int] = field(metadata=shaped(bits=32))
    pending: list[int] = field(metadata=shaped(bits=32))
    served: list[int] = field(metadata=shaped(bits=32))
    enable: list[int] = field(metadata=shaped(bits=32))
    threshold: list[int] = field(metadata=shaped(bits=PRIORITY_BITS))


class Plic:
    """The device; `external` drives the harts' external interrupts."""

    span = SPAN
    widths = frozenset({4})

    def __init__(self, harts: int, external: External) -> None:
        self._external = external
        self._contexts = harts * len(CONTEXT_CODES)
        self._priority = [0] * (SOURCES + 1)
        self._threshold = [0] * self._contexts
        self._enable = [0] * self._contexts
        self._level = self._pending = self._served = 0  # a bit a source
        self._outputs = [False] * self._contexts

    # --------------------------------------------------------------------- gateways and core

    def line(self, source: int) -> InterruptLine:
        """Give the input for a device."""
        assert 1 <= source <= SOURCES, f"there is no interrupt source {source}"
        return partial(self._set_level, source)

    def is_served(self, source: int) -> bool:
        """Say whether a request was claimed and not completed: no other is passed on before."""
        return bool(self._served >> source & 1)

    def _set_level(self, source: int, is_high: bool) -> None:
        bit = 1 << source
        if bool(self._level & bit) is is_high:
            return
        self._level ^= bit
        if is_high:
            self._forward()

    def _forward(self) -> None:
        """Let the gateways pass on requests; one that is served or waits already is not repeated.

        "The interrupt request remains present in the IP bit" when the line falls before a claim.
        """
        self._pending |= self._level & ~self._served
        self._notify()

    def _best(self, context: int) -> int:
        """Give the enabled request of highest priority, the lowest number first; 0 for none."""
        ready = self._pending & self._enable[context]
        best, highest = 0, 0
        while ready:
            source = (ready & -ready).bit_length() - 1
            ready &= ready - 1
            if self._priority[source] > highest:
                best, highest = source, self._priority[source]
        return best

    def _notify(self) -> None:
        """Drive the outputs: high while a request is above the context's threshold."""
        for context in range(self._contexts):
            best = self._best(context) if self._pending & self._enable[context] else 0
            is_high = best != 0 and self._priority[best] > self._threshold[context]
            if is_high is not self._outputs[context]:
                self._outputs[context] = is_high
                hart, mode = divmod(context, len(CONTEXT_CODES))
                self._external(hart, CONTEXT_CODES[mode], is_high)

    def _claim(self, context: int) -> int:
        """Give the best request, whatever the threshold, and let it be served."""
        best = self._best(context)
        if best:
            self._pending &= ~(1 << best)
            self._served |= 1 << best
            self._notify()
        return best

    def _complete(self, context: int, source: int) -> None:
        """Tell the gateway that its interrupt was handled; "silently ignored" if not enabled."""
        bit = 1 << source if source <= SOURCES else 0
        if self._served & bit & self._enable[context]:
            self._served &= ~bit
            self._forward()

    # ----------------------------------------------------------------------------- registers

    def read(self, offset: int, size: int) -> int:
        if offset < PENDING_AT:
            source = offset // 4
            return self._priority[source] if source <= SOURCES else 0
        if offset < ENABLE_AT:
            return self._pending >> 8 * (offset - PENDING_AT) & WORD
        if offset < CONTEXT_AT:
            context, at = divmod(offset - ENABLE_AT, ENABLE_STRIDE)
            return self._enable[context] >> 8 * at & WORD if context < self._contexts else 0
        context, at = divmod(offset - CONTEXT_AT, CONTEXT_STRIDE)
        if context >= self._contexts:
            return 0
        if at == CLAIM:
            return self._claim(context)
        return self._threshold[context] if at == 0 else 0

    def write(self, offset: int, size: int, value: int) -> None:
        if offset < PENDING_AT:
            source = offset // 4
            if 1 <= source <= SOURCES:
                self._priority[source] = value & (1 << PRIORITY_BITS) - 1
        elif offset < ENABLE_AT:
            return
        elif offset < CONTEXT_AT:
            context, at = divmod(offset - ENABLE_AT, ENABLE_STRIDE)
            if context >= self._contexts:
                return
            kept = self._enable[context] & ~(WORD << 8 * at)
            self._enable[context] = (kept | value << 8 * at) & VALID
        else:
            self._write_context(*divmod(offset - CONTEXT_AT, CONTEXT_STRIDE), value)
        self._notify()

    def _write_context(self, context: int, at: int, value: int) -> None:
        if context >= self._contexts:
            return
        if at == CLAIM:
            self._complete(context, value)
        elif at == 0:
            self._threshold[context] = value & (1 << PRIORITY_BITS) - 1

    # --------------------------------------------------------------------------- state, tree

    def save(self) -> DeviceState:
        enable = [word for bits in self._enable for word in _words(bits)]
        return save_state(
            PlicState(
                list(self._priority),
                _words(self._level),
                _words(self._pending),
                _words(self._served),
                enable,
                list(self._threshold),
            )
        )

    def restore(self, state: DeviceState) -> None:
        lengths = {"priority": SOURCES + 1, "threshold": self._contexts}
        lengths |= dict.fromkeys(("level", "pending", "served"), WORDS)
        taken = load_state(PlicState, state, enable=WORDS * self._contexts, **lengths)
        self._priority = [0, *taken.priority[1:]]
        self._level, self._pending, self._served = (
            _bits(words) for words in (taken.level, taken.pending, taken.served)
        )
        parts = (taken.enable[at : at + WORDS] for at in range(0, len(taken.enable), WORDS))
        self._enable = [_bits(words) for words in parts]
        self._threshold = taken.threshold
        self._notify()

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        extended: list[int] = []
        for hart in range(site.harts):
            controller = site.phandles.number(hart_label(hart))
            extended += [controller, MEI, controller, SEI]
        node = TreeNode(
            f"plic@{site.base:x}",
            {
                "#address-cells": 0,
                "#interrupt-cells": 1,
                "compatible": ["sifive,plic-1.0.0", "riscv,plic0"],
                "interrupt-controller": None,
                "interrupts-extended": extended,
                "reg": cells64(site.base, site.window),
                "riscv,ndev": SOURCES,
                "phandle": site.phandles.number("plic"),
            },
        )
        return (node,)


def _words(bits: int) -> list[int]:
    return [bits >> 32 * index & WORD for index in range(WORDS)]


def _bits(words: Sequence[int]) -> int:
    return sum(word << 32 * index for index, word in enumerate(words)) & VALID
