"""The interpreter's hot loop, as generated text: a handler for each micro-op, ending in a jump to
the next one's.

Handlers execute what needs nothing but registers, the inline TLB and decoded code. Anything else
leaves the loop for `loop.step`.
"""

import textwrap

from isa.engine.interpreter import layout
from isa.engine.interpreter.ops import MEMORY_KINDS, REGISTERS, places
from isa.engine.lowering.subset import Lowering
from isa.insn import Insn, Kind
from isa.state import Slot


def hot_text(insns: list[Insn], ops: dict[str, int], lowering: Lowering) -> str:
    """Give the handlers of micro-ops, their table, and `hot`, which starts the first."""
    return _Handlers(insns, ops, lowering).text()


class _Handlers:
    def __init__(self, insns: list[Insn], ops: dict[str, int], lowering: Lowering) -> None:
        self._insns = insns
        self._ops = ops
        self._low = lowering
        self._k = lowering.constant
        self._size = 4  # of the instruction that a handler is being made for

    def text(self) -> str:
        """Give the handlers of micro-ops, their table, and the function that starts the first."""
        texts = [textwrap.dedent(_HOT)]
        handlers = {layout.OP_UNDECODED: "leave", layout.OP_SLOW: "leave"}
        handlers[layout.OP_PAGE_END] = "end_page"
        for insn in self._insns:
            if insn.kind is not Kind.SYSTEM:
                for op, body in self._hot_cases(insn):
                    handlers[op] = f"do_{op}_{insn.name.replace('.', '_')}"
                    texts.append(f"@handler\ndef {handlers[op]}(%(state)s, uop):\n" + _indent(body))
        texts.append(f"OPS = [{', '.join(handlers[op] for op in range(len(handlers)))}]")
        return "\n\n".join(texts) % ({"state": _STATE} | self._names())

    def _names(self) -> dict[str, str]:
        slots = {slot.name: self._k(slot) for slot in Slot if slot.name[0] not in "X"}
        sizes = {name: self._k(value) for name, value in vars(layout).items() if name.isupper()}
        numbers = {f"c{i}": self._k(i) for i in (0, 1, 3, 8)} | {"c0xfff": self._k(0xFFF)}
        notpage = {"PAGE_MASK": self._k(~0xFFF)}
        entry = {"ENTRY_MASK": self._k(layout.INLINE_MASK * layout.INLINE_ENTRY)}
        return slots | sizes | numbers | notpage | entry

    def _hot_operands(self, insn: Insn) -> dict[str, str]:
        k = self._k
        values = {
            "pc": f"((up >> {k(layout.PC_TO_UOP)}) + pc_less_up)",
            "value": "value",
            "hart": "hart",
        }
        for name, place in places(insn).items():
            if name not in REGISTERS:
                values[name] = f"asr(uop, {k(place.at)})"
            elif place.is_last:
                values[name] = f"get(hart, uop >> {k(place.at)})"
            else:
                values[name] = f"get_byte(hart, uop, {k(place.at)})"
        return values

    def _hot_cases(self, insn: Insn) -> list[tuple[int, str]]:
        """Give the handlers of an instruction; a second set for what compressed ones expand to.

        How far a micro-op is from the next one must not come from the micro-op: the next one's
        load would have to wait for it.
        """
        self._size = 4
        cases = self._cases_of_size(insn)
        if f"{insn.name} short" in self._ops:
            self._size = 2
            cases += self._cases_of_size(insn)
        return cases

    def _cases_of_size(self, insn: Insn) -> list[tuple[int, str]]:
        size = " short" if self._size == 2 else ""
        op, far_op = self._ops[insn.name + size], self._ops.get(f"{insn.name} far{size}", 0)
        values = self._hot_operands(insn)
        if insn.kind is Kind.ALU:
            return [(op, self._hot_alu(insn, values))]
        if insn.kind in MEMORY_KINDS:
            return [(op, self._hot_memory(insn, values))]
        if insn.kind is Kind.BRANCH:
            near, far = self._hot_branches(insn, values)
            return [(op, near), (far_op, far)]
        if "offset" in insn.pattern.operands:
            near, far = self._hot_jumps(insn, values)
            return [(op, near), (far_op, far)]
        return [(op, self._hot_indirect(insn, values))]

    def _next(self, up: str = "") -> str:
        """Give the step to the next micro-op, or to the one at `up`."""
        step = self._k(self._size // layout.INSN_SLOT * layout.UOP)
        return f"return go_on({_state(up or f'up + {step}', self._less)}, uop)"

    @property
    def _less(self) -> str:
        return f"fuel - {self._k(1)}"

    def _far(self) -> str:
        """Give the jump to `target` in another page."""
        return f"return go_far({_state('up', self._less)}, target)"

    def _link(self, pc: str) -> str:
        """Give the expression for the address of the next instruction."""
        return f"{pc} + {self._k(self._size)}"

    def _put_rd(self, value: str) -> str:
        return f"put_byte(hart, uop, {self._k(0)}, {value})"

    def _hot_alu(self, insn: Insn, values: dict[str, str]) -> str:
        if "rd" not in insn.pattern.operands:
            return self._next()
        meaning = self._low.inline(insn.meaning, values, "result")
        return "\n".join((meaning, self._put_rd("result"), self._next()))

    def _hot_memory(self, insn: Insn, values: dict[str, str]) -> str:
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
        return "\n".join((*lines, self._next()))

    def _hot_branches(self, insn: Insn, values: dict[str, str]) -> tuple[str, str]:
        test = f"{self._low.inline(insn.meaning, values, 'result')}\nif result == {self._k(0)}:"
        stay = f"{test}\n    {self._next()}"
        near = f"{stay}\n{self._next('up + ' + values['offset'])}"
        far = f"{stay}\ntarget = {values['pc']} + {values['offset']}\n{self._far()}"
        return near, far

    def _hot_jumps(self, insn: Insn, values: dict[str, str]) -> tuple[str, str]:
        link = self._put_rd(self._link(values["pc"]))
        near = f"{link}\n{self._next('up + ' + values['offset'])}"
        far = f"target = {values['pc']} + {values['offset']}\n{link}\n{self._far()}"
        return near, far

    def _hot_indirect(self, insn: Insn, values: dict[str, str]) -> str:
        return "\n".join((
            self._low.inline(insn.meaning, values, "target"),
            f"if target & get(hart, {self._k(Slot.UNALIGNED)}) != {self._k(0)}:",
            f"    return leave({_STATE}, uop)",
            self._put_rd(self._link(values["pc"])),
            self._far(),
        ))  # fmt: skip


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
    if fuel == %(c0)s:
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
def hot(hart, fuel):
    inline = get(hart, %(HOST_INLINE)s)
    context = get(hart, %(CONTEXT)s) << %(CONTEXT_SHIFT)s
    pc = get(hart, %(PC)s)
    left = go_far(hart, pc, fuel, pc, inline, context, OPS, pc)
    put(hart, %(INSTRET)s, get(hart, %(INSTRET)s) + (fuel - left))
    return left
"""
