"""The SBI: one implementation for the bare board's execution environment and for every domain.

Follows the RISC-V Supervisor Binary Interface Specification v3.0. An extension is one file here and
one entry of `EXTENSIONS`. Handlers return an outcome; only the run loop touches registers and pc.
"""

from collections.abc import Iterable, Sequence

from isa.errors import TraplineError
from vmm.contracts import CallHandler, CallOutcome, SbiPlatform
from vmm.hypercalls.sbi import base, dbcn, hsm, ipi, legacy, rfence, srst, time
from vmm.hypercalls.sbi.args import NOT_SUPPORTED
from vmm.hypercalls.sbi.extension import Extension

EXTENSIONS: tuple[Extension, ...] = (
    time.EXTENSION,
    ipi.EXTENSION,
    rfence.EXTENSION,
    hsm.EXTENSION,
    srst.EXTENSION,
    dbcn.EXTENSION,
    *legacy.EXTENSIONS,
)
"""Every extension but BASE, which is made to fit the others."""


class CallConflictError(TraplineError):
    """Two extensions claim one extension id."""


class SbiTable:
    """The calls that one supervisor may make."""

    def __init__(self, extensions: Iterable[Extension] = EXTENSIONS) -> None:
        self.extensions: dict[int, Extension] = {}
        given = tuple(extensions)
        for extension in (base.make([item.eid for item in given]), *given):
            if other := self.extensions.get(extension.eid):
                raise CallConflictError(
                    f"{extension.name} and {other.name} both have extension id {extension.eid:#x}"
                )
            self.extensions[extension.eid] = extension
        self._handlers: dict[tuple[int, int], CallHandler] = {
            (extension.eid, fid): handler
            for extension in self.extensions.values()
            for fid, handler in extension.functions.items()
        }

    def name(self, eid: int) -> str:
        """Return the extension's name for messages and exit counts."""
        known = self.extensions.get(eid)
        return known.name if known else f"unknown extension {eid:#x}"

    def call(
        self, platform: SbiPlatform, hart: int, eid: int, fid: int, args: Sequence[int]
    ) -> CallOutcome:
        """Carry out a call: `eid` is a7, `fid` a6, `args` a0 to a5, all as unsigned 64-bit."""
        handler = self._handlers.get((eid, fid))
        if handler is None:
            known = self.extensions.get(eid)
            if known is None or not known.ignores_fid:
                return NOT_SUPPORTED
            handler = known.functions[0]
        return handler(platform, hart, args)
