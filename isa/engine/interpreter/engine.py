"""The interpreter as an engine: compiles or loads its code, and runs harts on it.

Compiled code is reached through its C entry points; it shares the hart page with Python.
"""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from isa import atomics, csr_file, machine, mmu, trap, words
from isa.engine.contract import read_exit
from isa.engine.interpreter import codegen, floats, generated, layout, loop, runtime
from isa.engine.lowering.build import load_made, load_module, module_text
from isa.engine.lowering.subset import Function, Lowering
from isa.exits import Exit
from isa.hart import Hart
from isa.memory import Memory, address_of, map_lazily
from isa.plugins import plugin_files
from isa.pte import PAGE_SHIFT
from isa.softfloat import status
from isa.spec import TABLE, InstructionTable
from isa.state import Slot

ENTRY_POINTS = """
@compiled
def finish(hart, rd, value):
    if rd != {zero} and not is_held_up(hart):
        put(hart, rd, value)


@compiled
def finish_float(hart, slot, value):
    if not is_held_up(hart):
        put(hart, slot, value)
        note_write(hart)


@compiled
def may_float(hart, mode):
    if is_off(hart) or mode > {last_mode}:
        pend_illegal(hart, get(hart, {raw}))
        return False
    return True


@compiled
def rd_or_sink(rd):
    if rd == {zero}:
        return {sink}
    return rd


@compiled
def choose(test, yes, no):
    if test:
        return yes
    return no


@compiled
def is_self_sufficient(op):
    return op >= {first_plain}


@compiled
def jump(hart, target):
    if target & get(hart, {unaligned}) != {zero}:
        pend(hart, {zero}, target)
        return False
    put(hart, {next_pc}, target)
    return True


@exported
def run(hart, fuel):
    return run_loop(hart, fuel)


@exported
def singles():
    return FIRSTS
"""


class Code:
    """Predecoded instructions of a memory: an epoch, a byte of flags per page, micro-ops."""

    def __init__(self, memory: Memory) -> None:
        self._pages = memory.size >> PAGE_SHIFT
        flags_size = layout.EPOCH_BEFORE + self._pages + -self._pages % 4096
        self._map = map_lazily(flags_size + self._pages * layout.CODE_STRIDE)
        self._view = memoryview(self._map)
        self.flags_address = address_of(self._map) + layout.EPOCH_BEFORE
        self._uops_at = flags_size
        self.uops_address = address_of(self._map) + flags_size
        memory.on_write.append(self.forget)

    def forget(self, offset: int, length: int) -> None:
        """Drop the micro-ops of a range of RAM that was written from outside."""
        for page in range(offset >> PAGE_SHIFT, (offset + length - 1 >> PAGE_SHIFT) + 1):
            if self._view[layout.EPOCH_BEFORE + page] & layout.HAS_CODE:
                at = self._uops_at + page * layout.CODE_STRIDE
                size = layout.UOPS_PER_PAGE * layout.UOP
                self._view[at : at + size] = bytes(size)


class InterpreterEngine:
    """Executes guest instructions with compiled code."""

    name = "interpreter"

    def __init__(self, table: InstructionTable = TABLE) -> None:
        if table is TABLE:
            code = load_made(
                "interpreter", ("isa",), lambda: interpreter_text(table), plugin_files()
            )
        else:
            code = load_module("interpreter", interpreter_text(table))
        self._run_at = code.address("run")
        self._run = code.function("run", 2)
        self._singles_at = code.function("singles", 0)()

    def attach(self, hart: Hart) -> None:
        """Give a hart the interpreter's private memory."""
        if hart.slots[Slot.HOST_INLINE]:
            return
        if not isinstance(hart.memory.code, Code):
            hart.memory.code = Code(hart.memory)
        code = hart.memory.code
        inline = map_lazily(layout.INLINE_SIZE)
        hart.attachments.append(inline)
        hart.slots[Slot.HOST_INLINE] = address_of(inline)
        hart.slots[Slot.HOST_CODE] = code.uops_address
        hart.slots[Slot.HOST_CODE_PAGES] = code.flags_address
        hart.slots[Slot.HOST_RUN] = self._run_at
        hart.slots[Slot.HOST_SINGLES] = self._singles_at

    def run(self, hart: Hart, fuel: int) -> Exit:
        """Run until an exit, or until `fuel` instructions or interrupts have been taken."""
        self.attach(hart)
        assert fuel < layout.EXECUTE, "fuel is less than 2^63"
        self._run(hart.address, fuel)
        return read_exit(hart)

    def execute(self, hart: Hart, insn_word: int) -> Exit:
        """Carry out a privileged instruction or memory access as if fetched at pc."""
        self.attach(hart)
        self._run(hart.address, insn_word | layout.EXECUTE)
        return read_exit(hart)


def interpreter_text(table: InstructionTable) -> str:
    """Generate the interpreter's module."""
    lowering = new_lowering()
    for function in (
        loop.run_loop,
        mmu.load,
        mmu.store,
        trap.pend_illegal,
        atomics.is_held_up,
        status.is_off,
        status.rounding,
        status.note_write,
    ):
        lowering.add(function)
    generator = codegen.Generator(table, lowering)
    text = generator.text()
    names = {
        "next_pc": Slot.NEXT_PC,
        "zero": 0,
        "sink": Slot.SINK,
        "first_plain": generator.first_plain_op,
        "unaligned": Slot.UNALIGNED,
        "last_mode": status.LAST_MODE,
        "raw": Slot.RAW,
    }
    entry = ENTRY_POINTS.format(**{name: lowering.constant(v) for name, v in names.items()})
    return module_text(lowering, "the tables under isa/", f"{text}\n{entry}")


def new_lowering(replaced: Mapping[str, str | Function] = MappingProxyType({})) -> Lowering:
    """Make a lowering with the interpreter's machine words and generated functions.

    `replaced` gives more functions, or the names of generated ones, by the qualified names of those
    whose place they take.
    """
    by_text = {
        f"{module.__name__}.{name}": name for module, names in _GENERATED.items() for name in names
    }
    compiled = {f"isa.machine.{name}": getattr(runtime, name) for name in _MACHINE_WORDS}
    quick = {f"{soft.__module__}.{soft.__name__}": fast for soft, fast in floats.QUICK.items()}
    return Lowering((words,), by_text | compiled | quick | dict(replaced))


_GENERATED: dict[ModuleType, tuple[str, ...]] = {
    csr_file: ("csr_exists", "read_csr", "write_csr"),
    generated: (
        "hot",
        "predecode",
        "carry_out",
        "expand",
        "is_self_sufficient",
        "size_of_op",
        "fused_op",
    ),
}
_MACHINE_WORDS = [name for name in machine.__all__ if hasattr(runtime, name)]
