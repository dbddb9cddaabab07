"""The interpreter's generated text: hot loop, predecoder and slow execution.

All of it comes from the instruction table. The hot loop executes what needs nothing but
registers, the inline TLB and decoded code; anything else leaves it for `loop.step`.
"""

import textwrap
from collections.abc import Callable, Iterable

from isa.engine.interpreter import layout
from isa.engine.interpreter.csr_codegen import csr_text
from isa.engine.interpreter.fields_codegen import field_text
from isa.engine.interpreter.form_codegen import expand_text
from isa.engine.lowering.subset import Lowering
from isa.extensions import mask
from isa.fields import Operand
from isa.insn import Insn, Kind
from isa.spec import FORMS, InstructionTable
from isa.state import Slot

MEMORY_KINDS = (Kind.LOAD, Kind.STORE)
BYTE = 0xFF


class Generator:
    """Generates the text for one instruction table."""

    def __init__(self, table: InstructionTable, lowering: Lowering) -> None:
        self._table = table
        self._insns = list(table)
        self._low = lowering
        self.k = lowering.constant
        self._ops = assign_ops(self._insns)
        self._short = {form.target for form in FORMS}
        self._size = 4  # of the instruction that a case of the hot loop is being made for

    def text(self) -> str:
        """Give all generated functions."""
        shared = (csr_text(self._low), expand_text(self._low, self._table))
        parts = (*shared, self.predecode_text(), self.carry_out_text(), self.hot_text())
        return "\n\n".join(parts)

    # Decoding

    def predecode_text(self) -> str:
        """Give the function from an instruction word to its micro-op."""
        k = self.k
        return "\n".join((
            "@compiled\ndef predecode(hart, insn, at):",
            f"    size = get(hart, {k(Slot.NEXT_PC)}) - get(hart, {k(Slot.PC)})",
            f"    if at + size > {k(4096)}:",
            f"        return {k(layout.OP_SLOW)}",
            f"    short = {k(4)} - size << {k(6)}",
            self._chain(self._uop),
            f"    return {k(layout.OP_SLOW)}",
        ))  # fmt: skip

    def _chain(self, body: Callable[[Insn], str], insns: Iterable[Insn] | None = None) -> str:
        """Give tests of opcode, then of all fixed bits, around each instruction's body."""
        k = self.k
        by_opcode: dict[int, list[Insn]] = {}
        for insn in self._insns if insns is None else insns:
            by_opcode.setdefault(insn.pattern.match & 0x7F, []).append(insn)
        lines = [f"    opcode = insn & {k(0x7F)}", f"    isa = get(hart, {k(Slot.ISA)})"]
        for opcode, group in by_opcode.items():
            lines.append(f"    if opcode == {k(opcode)}:")
            for insn in sorted(group, key=lambda i: not i.refines):
                test = f"insn & {k(insn.pattern.mask)} == {k(insn.pattern.match)}"
                if insn.ext != "I":
                    test += f" and isa & {k(mask(insn.ext))} != {k(0)}"
                lines.append(f"        if {test}:")
                lines.append(textwrap.indent(body(insn), " " * 12))
        return "\n".join(lines)

    def _uop(self, insn: Insn) -> str:
        k = self.k
        if insn.kind is Kind.SYSTEM:
            return f"return {k(layout.OP_SLOW)}"
        fields = insn.pattern.operands
        parts = ["short"]
        if "rd" in fields:
            rd = self._field(fields["rd"])
            lines = f"rd = {rd}\nif rd == {k(0)}:\n    rd = {k(Slot.SINK)}\n"
            parts.append(f"rd << {k(layout.RD_AT)}")
        else:
            lines = ""
        for name, at in (("rs1", layout.RS1_AT), ("rs2", layout.RS2_AT)):
            if name in fields:
                parts.append(f"({self._field(fields[name])}) << {k(at)}")
        if insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in fields:
            return lines + self._uop_of_branch(insn, parts)
        parts += [f"({self._field(f)}) << {k(layout.IMM_AT)}" for f in immediates(insn)]
        return lines + f"return {' | '.join([k(self._ops[insn.name]), *parts])}"

    def _uop_of_branch(self, insn: Insn, parts: list[str]) -> str:
        """Give a branch's micro-op: near ones hold the distance in micro-ops' bytes."""
        k = self.k
        near, far = self._ops[insn.name], self._ops[f"{insn.name} far"]
        shift = f"offset << {k(layout.PC_TO_UOP)} << {k(layout.IMM_AT)}"
        return "\n".join((
            f"offset = {self._field(insn.pattern.operands['offset'])}",
            f"if offset & get(hart, {k(Slot.UNALIGNED)}) != {k(0)}:",
            f"    return {k(layout.OP_SLOW)}",
            f"if at + offset < {k(4096)}:",
            f"    return {' | '.join([k(near), *parts, shift])}",
            f"return {' | '.join([k(far), *parts, f'offset << {k(layout.IMM_AT)}'])}",
        ))  # fmt: skip

    def _field(self, operand: Operand) -> str:
        return field_text(operand, "insn", self.k)

    # Slow execution

    def carry_out_text(self) -> str:
        """Give the function that executes one instruction with every check."""
        head = "@compiled\ndef carry_out(hart, insn):"
        chain = self._chain(self._carry_out)
        return f"{head}\n{chain}\n    pend_illegal(hart, get(hart, {self.k(Slot.RAW)}))"

    def _carry_out(self, insn: Insn) -> str:
        bodies = {
            Kind.ALU: self._slow_alu,
            Kind.LOAD: self._slow_load,
            Kind.STORE: self._slow_store,
            Kind.BRANCH: self._slow_branch,
            Kind.JUMP: self._slow_jump,
            Kind.SYSTEM: self._slow_system,
        }
        return bodies[insn.kind](insn) + "\nreturn"

    def _operands(self, insn: Insn) -> dict[str, str]:
        values = {name: f"({self._field(op)})" for name, op in insn.pattern.operands.items()}
        for name in ("rs1", "rs2"):
            if name in values:
                values[f"{name}_index"] = values[name]
                values[name] = f"get(hart, {values[name]})"
        pc = f"get(hart, {self.k(Slot.PC)})"
        return values | {"pc": pc, "word": "insn", "hart": "hart", "value": "value"}

    def _slow_alu(self, insn: Insn) -> str:
        values = self._operands(insn)
        if "rd" not in values:
            return "pass"
        return f"{self._low.inline(insn.meaning, values, 'result')}\n{self._write_rd(values)}"

    def _slow_load(self, insn: Insn) -> str:
        values = self._operands(insn)
        return "\n".join((
            f"value = load(hart, {values['rs1']} + {values['imm']}, {self.k(insn.size)})",
            f"if is_held_up(hart):\n    put(hart, {self.k(Slot.EXIT_INSN)}, insn)\n    return",
            self._low.inline(insn.meaning, values, "result"),
            self._write_rd(values),
        ))  # fmt: skip

    def _slow_store(self, insn: Insn) -> str:
        values = self._operands(insn)
        return "\n".join((
            self._low.inline(insn.meaning, values, "result"),
            f"store(hart, {values['rs1']} + {values['imm']}, {self.k(insn.size)}, result)",
            f"put(hart, {self.k(Slot.EXIT_INSN)}, insn)",
        ))  # fmt: skip

    def _slow_branch(self, insn: Insn) -> str:
        values = self._operands(insn)
        return "\n".join((
            self._low.inline(insn.meaning, values, "result"),
            f"if result != {self.k(0)}:",
            f"    jump(hart, {values['pc']} + {values['offset']})",
        ))  # fmt: skip

    def _slow_jump(self, insn: Insn) -> str:
        values = self._operands(insn)
        return "\n".join((
            f"link = get(hart, {self.k(Slot.NEXT_PC)})",
            self._low.inline(insn.meaning, values, "result"),
            "if jump(hart, result):",
            textwrap.indent(self._write_rd(values, "link"), "    "),
        ))  # fmt: skip

    def _slow_system(self, insn: Insn) -> str:
        values = self._operands(insn)
        name = self._low.add(insn.meaning)
        call = f"{name}({', '.join(values[param] for param in insn.params)})"
        if "rd" not in values:
            return call
        return "\n".join((
            f"result = {call}",
            "if not is_held_up(hart):",
            textwrap.indent(self._write_rd(values), "    "),
        ))  # fmt: skip

    def _write_rd(self, values: dict[str, str], value: str = "result") -> str:
        return f"if {values['rd']} != {self.k(0)}:\n    put(hart, {values['rd']}, {value})"

    # The hot loop

    def hot_text(self) -> str:
        """Give the loop over micro-ops."""
        k = self.k
        cases = []
        for insn in self._insns:
            if insn.kind is not Kind.SYSTEM:
                cases += self._hot_cases(insn)
        chain = "\n".join(
            f"        {'el' if i else ''}if op == {k(op)}:\n{textwrap.indent(body, ' ' * 12)}"
            for i, (op, body) in enumerate(cases)
        )
        return textwrap.dedent(_HOT).format(chain=chain, **self._names())

    def _names(self) -> dict[str, str]:
        slots = {slot.name: self.k(slot) for slot in Slot if slot.name[0] not in "X"}
        sizes = {name: self.k(value) for name, value in vars(layout).items() if name.isupper()}
        numbers = {f"c{i}": self.k(i) for i in (0, 1, 8)} | {"c0xfff": self.k(0xFFF)}
        notpage = {"PAGE_MASK": self.k(~0xFFF)}
        entry = {"ENTRY_MASK": self.k(layout.INLINE_MASK * layout.INLINE_ENTRY)}
        return slots | sizes | numbers | notpage | entry

    def _hot_operands(self, insn: Insn) -> dict[str, str]:
        k = self.k
        values = {
            "rs1": f"get(hart, uop >> {k(layout.RS1_AT)} & {k(BYTE)})",
            "rs2": f"get(hart, uop >> {k(layout.RS2_AT)} & {k(BYTE)})",
            "pc": f"((up >> {k(layout.PC_TO_UOP)}) + pc_less_up)",
            "value": "value",
        }
        imm = f"asr(uop, {k(layout.IMM_AT)})"
        return values | {operand.name: imm for operand in immediates(insn)}

    def _hot_cases(self, insn: Insn) -> list[tuple[int, str]]:
        """Give the cases of an instruction; a second set for what compressed ones expand to.

        How far a micro-op is from the next one must not come from the micro-op: the next one's
        load would have to wait for it.
        """
        self._size = 4
        cases = self._cases_of_size(insn)
        if insn.name in self._short:
            self._size = 2
            cases += [(op | layout.SHORT, body) for op, body in self._cases_of_size(insn)]
        return cases

    def _cases_of_size(self, insn: Insn) -> list[tuple[int, str]]:
        op = self._ops[insn.name]
        values = self._hot_operands(insn)
        if insn.kind is Kind.ALU:
            return [(op, self._hot_alu(insn, values))]
        if insn.kind in MEMORY_KINDS:
            return [(op, self._hot_memory(insn, values))]
        if insn.kind is Kind.BRANCH:
            near, far = self._hot_branches(insn, values)
            return [(op, near), (self._ops[f"{insn.name} far"], far)]
        if "offset" in insn.pattern.operands:
            near, far = self._hot_jumps(insn, values)
            return [(op, near), (self._ops[f"{insn.name} far"], far)]
        return [(op, self._hot_indirect(insn, values))]

    def _step(self) -> str:
        """Give the constant for how many bytes of micro-ops the instruction takes."""
        return self.k(self._size // layout.INSN_SLOT * layout.UOP)

    def _link(self, pc: str) -> str:
        """Give the expression for the address of the next instruction."""
        return f"{pc} + {self.k(self._size)}"

    def _next(self) -> str:
        return f"up = up + {self._step()}\nfuel = fuel - {self.k(1)}\ncontinue"

    def _put_rd(self, value: str) -> str:
        return f"put(hart, uop >> {self.k(layout.RD_AT)} & {self.k(BYTE)}, {value})"

    def _hot_alu(self, insn: Insn, values: dict[str, str]) -> str:
        if "rd" not in insn.pattern.operands:
            return self._next()
        meaning = self._low.inline(insn.meaning, values, "result")
        return "\n".join((meaning, self._put_rd("result"), self._next()))

    def _hot_memory(self, insn: Insn, values: dict[str, str]) -> str:
        k = self.k
        is_load = insn.kind is Kind.LOAD
        table = "loads" if is_load else "stores"
        lines = [
            f"va = {values['rs1']} + {values['imm']}",
            f"entry = {table} + (va >> {k(8)} & {k(layout.INLINE_MASK * layout.INLINE_ENTRY)})",
            f"if load64(entry) != (va & {k(~0xFFF | insn.size - 1)} | context):\n    break",
            f"at = va + load64(entry + {k(8)})",
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
        k = self.k
        test = self._low.inline(insn.meaning, values, "result")
        near = "\n".join((
            test,
            f"if result != {k(0)}:",
            f"    up = up + {values['offset']}",
            "else:",
            f"    up = up + {self._step()}",
            f"fuel = fuel - {k(1)}",
            "continue",
        ))  # fmt: skip
        far = "\n".join((
            test,
            f"if result == {k(0)}:",
            textwrap.indent(self._next(), "    "),
            f"target = {values['pc']} + {values['offset']}",
        ))  # fmt: skip
        return near, far

    def _hot_jumps(self, insn: Insn, values: dict[str, str]) -> tuple[str, str]:
        link = self._put_rd(self._link(values["pc"]))
        near = f"{link}\nup = up + {values['offset']}\nfuel = fuel - {self.k(1)}\ncontinue"
        far = f"target = {values['pc']} + {values['offset']}\n{link}"
        return near, far

    def _hot_indirect(self, insn: Insn, values: dict[str, str]) -> str:
        return "\n".join((
            self._low.inline(insn.meaning, values, "target"),
            f"if target & unaligned != {self.k(0)}:\n    break",
            self._put_rd(self._link(values["pc"])),
        ))  # fmt: skip


_HOT = """\
@compiled
def hot(hart, fuel):
    inline = get(hart, {HOST_INLINE})
    context = get(hart, {CONTEXT}) << {CONTEXT_SHIFT}
    pc = get(hart, {PC})
    entry = inline + (pc >> {c8} & {ENTRY_MASK})
    if load64(entry) != (pc & {PAGE_MASK} | context):
        return fuel
    loads = inline + {LOADS_AT}
    stores = inline + {STORES_AT}
    unaligned = get(hart, {UNALIGNED})
    page = load64(entry + {c8})
    up = page + ((pc & {c0xfff}) << {PC_TO_UOP})
    pc_less_up = (pc & {PAGE_MASK}) - (page >> {PC_TO_UOP})
    first_fuel = fuel
    while fuel != {c0}:
        uop = load64(up)
        op = uop & {OP_MASK}
{chain}
        elif op == {OP_PAGE_END}:
            target = (up >> {PC_TO_UOP}) + pc_less_up
            fuel = fuel + {c1}
        else:
            break
        # A jump out of the page: find the target's micro-ops
        fuel = fuel - {c1}
        entry = inline + (target >> {c8} & {ENTRY_MASK})
        if load64(entry) != (target & {PAGE_MASK} | context):
            put(hart, {PC}, target)
            put(hart, {INSTRET}, get(hart, {INSTRET}) + (first_fuel - fuel))
            return fuel
        page = load64(entry + {c8})
        up = page + ((target & {c0xfff}) << {PC_TO_UOP})
        pc_less_up = (target & {PAGE_MASK}) - (page >> {PC_TO_UOP})
    put(hart, {PC}, (up >> {PC_TO_UOP}) + pc_less_up)
    put(hart, {INSTRET}, get(hart, {INSTRET}) + (first_fuel - fuel))
    return fuel
"""


def immediates(insn: Insn) -> list[Operand]:
    """Give the operands that go into a micro-op's immediate: at most one matters."""
    names = [n for n in insn.pattern.operands if n not in ("rd", "rs1", "rs2", "pred", "succ")]
    assert len(names) <= 1 or insn.kind is Kind.SYSTEM, f"{insn.name} has two immediates"
    return [insn.pattern.operands[name] for name in names]


def assign_ops(insns: list[Insn]) -> dict[str, int]:
    """Give numbers to micro-ops: memory accesses first, then the rest, branches with a far twin."""
    memory = [insn.name for insn in insns if insn.kind in MEMORY_KINDS]
    plain = []
    for insn in insns:
        if insn.kind in (Kind.ALU, Kind.BRANCH, Kind.JUMP):
            plain.append(insn.name)
        if insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in insn.pattern.operands:
            plain.append(f"{insn.name} far")
    ops = {name: layout.FIRST_MEMORY_OP + i for i, name in enumerate(memory)}
    ops |= {name: layout.FIRST_PLAIN_OP + i for i, name in enumerate(plain)}
    assert max(ops.values()) < layout.SHORT, "too many micro-ops"
    assert len(memory) <= layout.LAST_MEMORY_OP - layout.FIRST_MEMORY_OP, "too many memory ops"
    return ops
