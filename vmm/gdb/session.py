"""What gdb's packets ask for: one connection's state, and a table from packets to answers.

Follows "Debugging with GDB", appendix "GDB Remote Serial Protocol", sections "Packets", "Stop Reply
Packets" and "General Query Packets". An empty answer says that a packet is not known; nothing that
comes in can do more than that, or give an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isa.causes import Priv
from isa.state import Slot
from vmm.gdb import registers
from vmm.gdb.control import Control, Halt, Resumption
from vmm.gdb.memory import Sight
from vmm.gdb.monitor import Monitor
from vmm.gdb.points import TOLD, Kind
from vmm.gdb.wire import MOST_BYTES
from vmm.hypercalls.sbi.hsm import HartState

if TYPE_CHECKING:
    from isa.hart import Hart

OK, UNKNOWN = b"OK", b""
FAILED, NO_MEMORY, FULL = b"E01", b"E0e", b"E1c"  # EPERM, EFAULT, ENOSPC
SUPPORTED = (
    f"PacketSize={MOST_BYTES:x};QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
    "vContSupported+;swbreak+;hwbreak+;binary-upload+"
)
BACKWARDS = ";ReverseStep+;ReverseContinue+"
EXPEDITED = (registers.PC, 2, 8, 1)  # pc, sp, s0, ra: what gdb looks at after each step
MASK = (1 << 64) - 1
ALL, ANY = -1, 0
MOST_READ = MOST_BYTES // 2 - 16


@dataclass(frozen=True)
class Leave:
    """The debugger goes away: the machine goes on, or ends."""

    reply: bytes
    is_killed: bool


Answer = bytes | Resumption | Leave


class Session:
    """One connection's state."""

    def __init__(self, control: Control, other: Callable[[str], str | None]) -> None:
        """`other` takes what `monitor` commands are not known here."""
        self._control = control
        self._machine = control.machine
        self._sight = Sight(control.machine)
        self._monitor = Monitor(control, self._sight, other)
        self._selected = 0  # the hart that registers and memory are asked of
        self._resumed = ALL  # the hart that c and s are for
        self.acknowledges = True
        self._names_breaks = False
        self.halt = Halt(control.hart)
        self._commands: Mapping[str, Callable[[str, bytes], Answer]] = {
            "?": lambda _text, _raw: self.stop_reply(),
            "g": lambda _text, _raw: registers.core(self._hart).hex().encode(),
            "G": self._write_core,
            "p": self._read_register,
            "P": self._write_register,
            "m": self._read_memory,
            "M": self._write_memory,
            "x": self._read_binary,
            "X": self._write_binary,
            "H": self._select,
            "T": lambda text, _raw: OK if self._find(_number(text)) is not None else FAILED,
            "Z": self._set_point,
            "z": self._remove_point,
            "c": lambda text, _raw: self._resume_at(text, is_step=False),
            "s": lambda text, _raw: self._resume_at(text, is_step=True),
            "C": lambda text, _raw: self._resume_at(text.partition(";")[2], is_step=False),
            "S": lambda text, _raw: self._resume_at(text.partition(";")[2], is_step=True),
            "b": self._go_back,
            "D": lambda _text, _raw: Leave(OK, is_killed=False),
            "k": lambda _text, _raw: Leave(b"", is_killed=True),
            "q": self._query,
            "Q": self._set,
            "v": self._verbose,
        }
        self._queries: Mapping[str, Callable[[str], bytes]] = {
            "Supported": self._supported,
            "C": lambda _rest: b"QC%x" % (self._control.hart + 1),
            "fThreadInfo": lambda _rest: self._thread_ids(),
            "sThreadInfo": lambda _rest: b"l",
            "ThreadExtraInfo": self._thread_extra,
            "Attached": lambda _rest: b"1",
            "Symbol": lambda _rest: OK,
            "Xfer": self._transfer,
            "Rcmd": self._command,
            "qemu.PhyMemMode": lambda _rest: b"1" if self._sight.is_physical else b"0",
        }

    def handle(self, data: bytes) -> Answer:
        """Answer a packet."""
        text = data.decode("latin-1")
        command = self._commands.get(text[:1])
        if command is None:
            return UNKNOWN
        try:
            return command(text[1:], data[1:])
        except ValueError:
            return FAILED

    # ---------------------------------------------------------------------------- stop replies

    def stop_reply(self) -> bytes:
        """Say why and where the machine has stopped."""
        halt = self.halt
        told = halt.told
        if not told and halt.point is not None and self._names_breaks:
            told = f"{TOLD[halt.point]}:;"
        hart = self._machine.harts[halt.hart]
        values = "".join(f"{n:x}:{_hex(registers.read(hart, n))};" for n in EXPEDITED)
        return f"T{halt.signal:02x}{told}thread:{halt.hart + 1:x};{values}".encode()

    def halted(self, halt: Halt) -> bytes:
        """Take why the machine has stopped, and give the stop reply."""
        self.halt = halt
        self._selected = halt.hart
        return self.stop_reply()

    # -------------------------------------------------------------------------------- threads

    @property
    def _hart(self) -> "Hart":
        return self._machine.harts[self._selected]

    def _find(self, thread: int) -> int | None:
        """Give the hart of a thread's number; for any, the one that has stopped last."""
        if thread == ANY:
            return self._control.hart
        return thread - 1 if 1 <= thread <= len(self._machine.harts) else None

    def _select(self, text: str, _raw: bytes) -> Answer:
        thread = _thread(text[1:])
        index = ALL if thread == ALL else self._find(thread)
        if index is None or text[:1] not in ("g", "c"):
            return FAILED
        if text[0] == "g":
            self._selected = max(index, 0)
        else:
            self._resumed = index if thread != ANY else ALL
        return OK

    def _thread_ids(self) -> bytes:
        return b"m" + b",".join(b"%x" % (hart.id + 1) for hart in self._machine.harts)

    def _describe(self, index: int) -> str:
        hart = self._machine.harts[index]
        level = Priv(hart.slots[Slot.PRIV]).name
        virtual = "V" if hart.slots[Slot.V] else ""
        state = HartState(self._machine.states.status(index)).name.lower()
        waits = ", waits" if hart.slots[Slot.WAITING] else ""
        return f"hart {index}, {virtual}{level}-mode, {state}{waits}"

    def _thread_extra(self, rest: str) -> bytes:
        index = self._find(_thread(rest))
        return FAILED if index is None else self._describe(index).encode().hex().encode()

    def _threads_xml(self) -> str:
        threads = "".join(
            f'<thread id="{n + 1:x}" core="{n}" name="hart {n}">{self._describe(n)}</thread>\n'
            for n in range(len(self._machine.harts))
        )
        return f'<?xml version="1.0"?>\n<threads>\n{threads}</threads>\n'

    # ------------------------------------------------------------------- registers and memory

    def _write_core(self, text: str, _raw: bytes) -> Answer:
        data = bytes.fromhex(text)
        if len(data) > registers.F_FIRST * registers.WIDTH or len(data) % registers.WIDTH:
            return FAILED
        for number in range(len(data) // registers.WIDTH):
            at = number * registers.WIDTH
            value = int.from_bytes(data[at : at + registers.WIDTH], "little")
            if not registers.write(self._hart, number, value):
                return FAILED
        self._control.changed(self._selected)
        return OK

    def _read_register(self, text: str, _raw: bytes) -> Answer:
        number = _number(text)
        value = registers.read(self._hart, number) if number < registers.END else None
        return FAILED if value is None else _hex(value).encode()

    def _write_register(self, text: str, _raw: bytes) -> Answer:
        name, _, digits = text.partition("=")
        number, data = _number(name), bytes.fromhex(digits)
        if len(data) != registers.WIDTH or number >= registers.END:
            return FAILED
        if not registers.write(self._hart, number, int.from_bytes(data, "little")):
            return FAILED
        self._control.changed(self._selected)
        return OK

    def _read(self, text: str) -> bytes | None:
        at, size = map(_number, text.split(",", 1))
        size = min(size, MOST_READ)
        data = self._sight.read(self._hart, at, size)
        return data if data or not size else None

    def _read_memory(self, text: str, _raw: bytes) -> Answer:
        data = self._read(text)
        return NO_MEMORY if data is None else data.hex().encode()

    def _read_binary(self, text: str, _raw: bytes) -> Answer:
        data = self._read(text)
        return NO_MEMORY if data is None else b"b" + data

    def _write_memory(self, text: str, _raw: bytes) -> Answer:
        where, _, digits = text.partition(":")
        return self._write(where, bytes.fromhex(digits))

    def _write_binary(self, text: str, raw: bytes) -> Answer:
        return self._write(text.partition(":")[0], raw.partition(b":")[2])

    def _write(self, where: str, data: bytes) -> bytes:
        at, size = map(_number, where.split(",", 1))
        if size != len(data):
            return FAILED
        if data and not self._sight.write(self._hart, at, data):
            return NO_MEMORY
        self._control.changed(None)
        return OK

    # --------------------------------------------------------------------------------- points

    def _set_point(self, text: str, _raw: bytes) -> Answer:
        kind, at, size = self._point(text)
        if kind not in tuple(Kind):
            return UNKNOWN
        return OK if self._control.points.add(kind, at, size) else FULL

    def _remove_point(self, text: str, _raw: bytes) -> Answer:
        kind, at, size = self._point(text)
        return OK if self._control.points.remove(kind, at, size) else UNKNOWN

    @staticmethod
    def _point(text: str) -> tuple[int, int, int]:
        kind, at, size = text.partition(";")[0].split(",", 2)
        return _number(kind), _number(at), _number(size)

    # ------------------------------------------------------------------------------- resuming

    def _resume_at(self, text: str, *, is_step: bool) -> Answer:
        """Go on in the manner from before vCont, at another address if one is given."""
        index = self._control.hart if self._resumed == ALL else self._resumed
        if text:
            registers.write(self._machine.harts[index], registers.PC, _number(text))
            self._control.changed(index)
        everyone = frozenset(range(len(self._machine.harts)))
        return Resumption(
            {index: (0, 0)} if is_step else {}, everyone - {index} if is_step else everyone
        )

    def _verbose(self, text: str, _raw: bytes) -> Answer:
        if text == "Cont?":
            return b"vCont;c;C;s;S;t;r"
        if text.startswith("Cont;"):
            return self._resume(text.split(";")[1:])
        return Leave(OK, is_killed=True) if text.startswith("Kill") else UNKNOWN

    def _resume(self, actions: list[str]) -> Answer:
        """Read vCont's actions; for each hart the leftmost that is for it counts."""
        steps: dict[int, tuple[int, int]] = {}
        running: set[int] = set()
        left = set(range(len(self._machine.harts)))
        for action in actions:
            what, _, thread = action.partition(":")
            chosen = _thread(thread) if thread else ALL
            index = self._find(chosen) if chosen != ALL else ALL
            if index is None:
                return FAILED
            mine = left if index == ALL else left & {index}
            left = left - mine
            if what[:1] in ("s", "S", "r"):
                steps |= dict.fromkeys(mine, _range(what))
            elif what[:1] in ("c", "C"):
                running |= mine
            elif what[:1] != "t":
                return FAILED
        if len(steps) > 1:  # one at a time: the one that has stopped first
            chosen = self._control.hart if self._control.hart in steps else min(steps)
            running |= set(steps) - {chosen}
            steps = {chosen: steps[chosen]}
        return Resumption(steps, frozenset(running)) if steps or running else OK

    def _go_back(self, text: str, _raw: bytes) -> Answer:
        if self._control.history is None or text not in ("s", "c"):
            return UNKNOWN
        index = self._control.hart if self._resumed == ALL else self._resumed
        if text == "s":
            return Resumption({index: (0, 0)}, is_backwards=True)
        return Resumption(running=frozenset(range(len(self._machine.harts))), is_backwards=True)

    # -------------------------------------------------------------------------------- queries

    def _query(self, text: str, _raw: bytes) -> Answer:
        for mark in (":", ","):
            name, found, rest = text.partition(mark)
            if name in self._queries and (found or name == text):
                return self._queries[name](rest)
        return UNKNOWN

    def _supported(self, rest: str) -> bytes:
        self._names_breaks = "swbreak+" in rest.split(";")
        return (SUPPORTED + (BACKWARDS if self._control.history is not None else "")).encode()

    def _set(self, text: str, _raw: bytes) -> Answer:
        if text == "StartNoAckMode":
            self.acknowledges = False
            return OK
        name, _, value = text.partition(":")
        if name == "qemu.PhyMemMode" and value in ("0", "1"):
            self._sight.is_physical = value == "1"
            return OK
        return UNKNOWN

    def _transfer(self, rest: str) -> bytes:
        kind, verb, name, where = (*rest.split(":", 3), "", "", "")[:4]
        if verb != "read" or (kind, name) not in (("features", "target.xml"), ("threads", "")):
            return b"E00" if kind == "features" else UNKNOWN
        text = registers.describe(self._hart) if kind == "features" else self._threads_xml()
        at, size = map(_number, where.split(",", 1))
        data = text.encode()
        piece = data[at : at + min(size, MOST_READ)]
        return (b"l" if at + len(piece) >= len(data) else b"m") + piece

    def _command(self, rest: str) -> bytes:
        line = bytes.fromhex(rest).decode("utf-8", "replace")
        answer = self._monitor.answer(line, self._hart)
        return answer.encode().hex().encode() if answer else OK


# ------------------------------------------------------------------------------------- numbers


def _number(text: str) -> int:
    """Read a hexadecimal number of at most 64 bits; raise ValueError."""
    if not text or not set(text) <= set("0123456789abcdefABCDEF") or int(text, 16) > MASK:
        raise ValueError(text)
    return int(text, 16)


def _thread(text: str) -> int:
    return ALL if text == "-1" else _number(text)


def _range(action: str) -> tuple[int, int]:
    """Give the addresses in which stepping goes on."""
    if action[0] != "r":
        return 0, 0
    first, end = map(_number, action[1:].split(",", 1))
    return first, end


def _hex(value: int | None) -> str:
    return (value or 0).to_bytes(registers.WIDTH, "little").hex()
