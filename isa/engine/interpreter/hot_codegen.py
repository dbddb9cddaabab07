"""The interpreter's hot loop, as generated text: a handler for each micro-op, ending in a jump to
the next one's.

Handlers execute what needs nothing but registers, the inline TLB and decoded code. Anything else
leaves the loop for `loop.step`. A handler is entered while `fuel` is not negative, and a chain uses
more than one; so `hot` keeps back what the longest may use, and spends it with single operations.
"""

import textwrap
from collections.abc import Callable

from isa import mstatus as ms
from isa.engine.interpreter import layout
from isa.engine.interpreter.ops import (
    DESTINATIONS,
    MEMORY_KINDS,
    REGISTERS,
    Chain,
    Op,
    chain_name,
    places,
)
from isa.engine.lowering.subset import Lowering
from isa.insn import Insn, Kind
from isa.softfloat.status import LAST_MODE
from isa.state import Slot


def hot_text(
    ops: list[Op], chains: list[Chain], numbers: dict[str, int], lowering: Lowering
) -> str:
    """Give the handlers of micro-ops and chains, their table, and `hot`, which starts the first."""
    return _Handlers(numbers, lowering).text(ops, chains)


class _Handlers:
    def __init__(self, numbers: dict[str, int], lowering: Lowering) -> None:
        self._numbers = numbers
        self._low = lowering
        self._k = lowering.constant

    def text(self, ops: list[Op], chains: list[Chain]) -> str:
        """Give all handlers and their tables: with chains, and with the first of each instead."""
        texts = [textwrap.dedent(_HOT)]
        handlers = {layout.OP_UNDECODED: "leave", layout.OP_SLOW: "leave"}
        handlers[layout.OP_PAGE_END] = "end_page"
        bodies = {op.name: self._chain((op,)) for op in ops}
        bodies |= {chain_name(chain): self._chain(chain) for chain in chains}
        for name, body in bodies.items():
            handler = handlers[self._numbers[name]] = self._handler(name)
            texts.append(f"@handler\ndef {handler}(%(state)s, uop):\n" + _indent(body))
        texts.append(f"OPS = {_table(handlers)}")
        for chain in chains:
            handlers[self._numbers[chain_name(chain)]] = self._handler(chain[0].name)
        texts.append(f"SINGLES = {_table(handlers)}")
        return "\n\n".join(texts) % ({"state": _STATE} | self._names())

    def _handler(self, name: str) -> str:
        words = name.replace(".", "_").replace("+", "and").replace(" ", "_")
        return f"do_{self._numbers[name]}_{words}"

    def _chain(self, chain: Chain) -> str:
        """Give a chain's body: after each part, instead of a jump to the next, the next."""
        last = chain[-1]
        return "\n".join((
            *(self._body(op, self._between(op)) for op in chain[:-1]),
            self._body(last, self._next(last)),
        ))  # fmt: skip

    def _between(self, op: Op) -> str:
        """Give the step to the next part of a chain."""
        k = self._k
        return f"up = up + {_step(op, k)}\nfuel = fuel - {k(1)}\nuop = load64(up)"

    def _names(self) -> dict[str, str]:
        slots = {slot.name: self._k(slot) for slot in Slot if slot.name[0] not in "X"}
        sizes = {name: self._k(value) for name, value in vars(layout).items() if name.isupper()}
        numbers = {f"c{i}": self._k(i) for i in (0, 1, 3, 8)} | {"c0xfff": self._k(0xFFF)}
        notpage = {"PAGE_MASK": self._k(~0xFFF)}
        entry = {"ENTRY_MASK": self._k(layout.INLINE_MASK * layout.INLINE_ENTRY)}
        return slots | sizes | numbers | notpage | entry

    def _operands(self, insn: Insn) -> dict[str, str]:
        k = self._k
        values = {
            "pc": f"((up >> {k(layout.PC_TO_UOP)}) + pc_less_up)",
            "value": "value",
            "hart": "hart",
        }
        values |= {name: k(value) for name, value in insn.fixed}
        for name, place in places(insn).items():
            if name not in REGISTERS:
                values[name] = f"asr(uop, {k(place.at)})"
            elif place.is_last:
                values[name] = f"get(hart, uop >> {k(place.at)})"
            else:
                values[name] = f"get_byte(hart, uop, {k(place.at)})"
        if insn.rounding:
            values["rm"] = "rm"
        return values

    def _body(self, op: Op, proceed: str) -> str:
        """Give what a micro-op does; `proceed` is what follows when it does not jump.

        How far a micro-op is from the next one must not come from the micro-op: the next one's
        load would have to wait for it. So compressed instructions have operations of their own.
        """
        values = self._operands(op.insn)
        check = self._float_check(op.insn)
        if op.insn.kind in (Kind.ALU, Kind.FLOAT):
            return f"{check}{self._alu(op.insn, values)}\n{proceed}"
        if op.insn.kind in MEMORY_KINDS:
            return f"{check}{self._memory(op.insn, values)}\n{proceed}"
        if op.insn.kind is Kind.BRANCH:
            return f"{self._branch(op, values)}\n{proceed}"
        return self._jump(op, values)

    def _next(self, op: Op) -> str:
        """Give the jump to the following micro-op's handler."""
        return self._go_on(f"up + {_step(op, self._k)}")

    def _go_on(self, up: str) -> str:
        return f"return go_on({_state(up, self._less)}, uop)"

    @property
    def _less(self) -> str:
        return f"fuel - {self._k(1)}"

    def _go_far(self) -> str:
        """Give the jump to `target` in another page."""
        return f"return go_far({_state('up', self._less)}, target)"

    def _put_rd(self, value: str) -> str:
        return f"put_byte(hart, uop, {self._k(0)}, {value})"

    def _float_check(self, insn: Insn) -> str:
        """Give the tests for floating-point state: a first write to it is not done here."""
        if not insn.is_float:
            return ""
        k, operands = self._k, insn.pattern.operands
        wanted = ms.FS if "fd" in operands else 0
        test = f"get(hart, {k(Slot.MSTATUS)}) & {k(ms.FS)}"
        test += f" != {k(wanted)}" if wanted else f" == {k(0)}"
        test += f" or get(hart, {k(Slot.V)}) != {k(0)}"  # whose vsstatus counts too
        mode = ""
        if insn.rounding:
            field = f"uop >> {k(places(insn)[insn.rounding].at)}"
            mode = f"rm = rounding(hart, {field})\n"
            test += f" or rm > {k(LAST_MODE)}"
        return f"{mode}if {test}:\n    return leave({_STATE}, uop)\n"

    def _alu(self, insn: Insn, values: dict[str, str]) -> str:
        if not set(DESTINATIONS) & set(insn.pattern.operands):
            return "pass"
        return f"{self._low.inline(insn.meaning, values, 'result')}\n{self._put_rd('result')}"

    def _memory(self, insn: Insn, values: dict[str, str]) -> str:
        k = self._k
        is_load = insn.kind is Kind.LOAD
        table = layout.LOADS_AT if is_load else layout.STORES_AT
        lines = [
            f"va = {values['rs1']} + {values['imm']}",
            f"entry = inline + (va >> {k(8)} & {k(layout.INLINE_MASK * layout.INLINE_ENTRY)})",
            f"if load64(entry + {k(table)}) != (va & {k(~0xFFF | insn.size - 1)} | context):",
            f"    return leave({_STATE}, uop)",
            f"at = va + load64(entry + {k(table + 8)})",
        ]
        if is_load:
            lines.append(f"value = load{8 * insn.size}(at)")
            lines.append(self._low.inline(insn.meaning, values, "result"))
            lines.append(self._put_rd("result"))
        else:
            lines.append(self._low.inline(insn.meaning, values, "result"))
            lines.append(f"store{8 * insn.size}(at, result)")
        return "\n".join(lines)

    def _branch(self, op: Op, values: dict[str, str]) -> str:
        test = f"{self._low.inline(op.insn.meaning, values, 'result')}\nif result != {self._k(0)}:"
        if not op.is_far:
            return f"{test}\n    {self._go_on('up + ' + values['offset'])}"
        target = f"target = {values['pc']} + {values['offset']}"
        return f"{test}\n    {target}\n    {self._go_far()}"

    def _jump(self, op: Op, values: dict[str, str]) -> str:
        k = self._k
        link = self._put_rd(f"{values['pc']} + {k(op.size)}") if op.links else "pass"
        if "offset" not in op.insn.pattern.operands:
            return "\n".join((
                self._low.inline(op.insn.meaning, values, "target"),
                f"if target & get(hart, {k(Slot.UNALIGNED)}) != {k(0)}:",
                f"    return leave({_STATE}, uop)",
                link,
                self._go_far(),
            ))  # fmt: skip
        if op.is_far:
            target = f"target = {values['pc']} + {values['offset']}"
            return f"{target}\n{link}\n{self._go_far()}"
        return f"{link}\n{self._go_on('up + ' + values['offset'])}"


def _table(handlers: dict[int, str]) -> str:
    return f"[{', '.join(handlers.get(op, 'leave') for op in range(max(handlers) + 1))}]"


def _step(op: Op, k: Callable[[int], str]) -> str:
    """Give the constant for how many bytes of micro-ops an instruction takes."""
    return k(op.size // layout.INSN_SLOT * layout.UOP)


def _indent(text: str) -> str:
    return textwrap.indent(text, "    ")


def _state(up: str, fuel: str, pc_less_up: str = "pc_less_up") -> str:
    """Give what handlers pass on, in registers: the last is the table of handlers."""
    return f"hart, {up}, {fuel}, {pc_less_up}, inline, context, ops"


_STATE = _state("up", "fuel")
_HOT = """\
@handler
def leave(%(state)s, uop):
    put(hart, %(PC)s, (up >> %(PC_TO_UOP)s) + pc_less_up)
    return fuel


@inlined_handler
def go_on(%(state)s, uop):
    if s(fuel) < %(c0)s:
        return leave(%(state)s, uop)
    uop = load64(up)
    return through(load64(ops + ((uop >> %(OP_AT)s & %(OP_MASK)s) << %(c3)s)), %(state)s, uop)


@handler
def end_page(%(state)s, uop):
    target = (up >> %(PC_TO_UOP)s) + pc_less_up
    return go_far(%(state)s, target)


@handler
def go_far(%(state)s, target):
    entry = inline + (target >> %(c8)s & %(ENTRY_MASK)s)
    if load64(entry) != (target & %(PAGE_MASK)s | context):
        put(hart, %(PC)s, target)
        return fuel
    page = load64(entry + %(c8)s)
    up = page + ((target & %(c0xfff)s) << %(PC_TO_UOP)s)
    pc_less_up = (target & %(PAGE_MASK)s) - (page >> %(PC_TO_UOP)s)
    return go_on(%(state)s, target)


@compiled
def run_from(hart, pc, fuel, inline, context, ops):
    return go_far(hart, pc, fuel, pc, inline, context, ops, pc)


@compiled
def hot(hart, fuel):
    inline = get(hart, %(HOST_INLINE)s)
    context = get(hart, %(CONTEXT)s) << %(CONTEXT_SHIFT)s
    spare = %(MOST_PARTS)s
    left = run_from(hart, get(hart, %(PC)s), fuel - spare, inline, context, OPS) + spare
    if left != %(c0)s and left < spare:
        pc = get(hart, %(PC)s)
        left = run_from(hart, pc, left - %(c1)s, inline, context, SINGLES) + %(c1)s
    put(hart, %(INSTRET)s, get(hart, %(INSTRET)s) + (fuel - left))
    return left
"""
