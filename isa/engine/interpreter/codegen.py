"""The interpreter's generated text: hot loop, predecoder and slow execution.

All of it comes from the instruction table. The hot loop executes what needs nothing but
registers, the inline TLB and decoded code; anything else leaves it for `loop.step`.
"""

import textwrap
from collections.abc import Callable

from isa.engine.interpreter import layout
from isa.engine.interpreter.csr_codegen import csr_text
from isa.engine.interpreter.fields_codegen import field_text
from isa.engine.interpreter.form_codegen import expand_text
from isa.engine.interpreter.ops import MEMORY_KINDS, assign_ops, immediates
from isa.engine.lowering.subset import Lowering
from isa.extensions import mask
from isa.fields import Operand
from isa.insn import Insn, Kind
from isa.spec import FORMS, InstructionTable
from isa.state import Slot


class Generator:
    """Generates the text for one instruction table."""

    def __init__(self, table: InstructionTable, lowering: Lowering) -> None:
        self._table = table
        self._insns = list(table)
        self._low = lowering
        self.k = lowering.constant
        self._short = {form.target for form in FORMS}
        self._ops = assign_ops(self._insns, self._short)
        self._shared: dict[str, str] = {}
        self._size = 4  # of the instruction that a case of the hot loop is being made for

    @property
    def first_plain_op(self) -> int:
        """The first micro-op that needs no memory."""
        memory = sum(insn.kind in MEMORY_KINDS for insn in self._insns)
        short = sum(i.kind in MEMORY_KINDS and i.name in self._short for i in self._insns)
        return layout.FIRST_OP + memory + short

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
            f"    short = size == {k(2)}",
            self._chain(self._uop),
            f"    return {k(layout.OP_SLOW)}",
        ))  # fmt: skip

    def _chain(self, body: Callable[[Insn], str]) -> str:
        """Give tests of opcode, then of all fixed bits, around each instruction's body.

        What several bodies compute is computed once, before the tests (`_share`).
        """
        k = self.k
        self._shared = {}
        by_opcode: dict[int, list[Insn]] = {}
        for insn in self._insns:
            by_opcode.setdefault(insn.pattern.match & 0x7F, []).append(insn)
        lines = []
        for opcode, group in by_opcode.items():
            lines.append(f"    if opcode == {k(opcode)}:")
            for insn in sorted(group, key=lambda i: not i.refines):
                test = f"insn & {k(insn.pattern.mask)} == {k(insn.pattern.match)}"
                if insn.ext != "I":
                    test += f" and isa & {k(mask(insn.ext))} != {k(0)}"
                lines.append(f"        if {test}:")
                lines.append(textwrap.indent(body(insn), " " * 12))
        shared = [f"    {name} = {text}" for text, name in self._shared.items()]
        head = [f"    opcode = insn & {k(0x7F)}", f"    isa = get(hart, {k(Slot.ISA)})"]
        return "\n".join((*head, *shared, *lines))

    def _share(self, text: str) -> str:
        """Give the name of a local that holds an expression's value for all bodies."""
        return self._shared.setdefault(text, f"v{len(self._shared)}")

    def _uop(self, insn: Insn) -> str:
        k = self.k
        if insn.kind is Kind.SYSTEM:
            return f"return {k(layout.OP_SLOW)}"
        fields = insn.pattern.operands
        parts = []
        if "rd" in fields:
            rd = self._share(self._field(fields["rd"]))
            parts.append(f"rd_or_sink({rd}) << {k(layout.RD_AT)}")
        for name, at in (("rs1", layout.RS1_AT), ("rs2", layout.RS2_AT)):
            if name in fields:
                parts.append(f"({self._field(fields[name])}) << {k(at)}")
        if insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in fields:
            return self._uop_of_branch(insn, parts)
        parts += [f"({self._field(f)}) << {k(layout.IMM_AT)}" for f in immediates(insn)]
        fixed = self._share(" | ".join(parts)) if parts else k(0)
        return f"return {self._op_text(insn.name)} | {fixed}"

    def _op_text(self, name: str) -> str:
        """Give the operation: it is another one when the instruction was a compressed one."""
        if f"{name} short" in self._ops:
            return f"choose(short, {self.k(self._ops[f'{name} short'])}, {self.k(self._ops[name])})"
        return self.k(self._ops[name])

    def _uop_of_branch(self, insn: Insn, parts: list[str]) -> str:
        """Give a branch's micro-op: near ones hold the distance in micro-ops' bytes."""
        k = self.k
        offset = self._share(self._field(insn.pattern.operands["offset"]))
        fixed = self._share(" | ".join(parts))
        shift = f"{offset} << {k(layout.PC_TO_UOP)} << {k(layout.IMM_AT)}"
        near, far = self._op_text(insn.name), self._op_text(f"{insn.name} far")
        return "\n".join((
            f"if {offset} & get(hart, {k(Slot.UNALIGNED)}) != {k(0)}:",
            f"    return {k(layout.OP_SLOW)}",
            f"if at + {offset} < {k(4096)}:",
            f"    return {near} | {fixed} | {shift}",
            f"return {far} | {fixed} | {offset} << {k(layout.IMM_AT)}",
        ))  # fmt: skip

    def _field(self, operand: Operand) -> str:
        return field_text(operand, "insn", self.k)

    # Slow execution

    def carry_out_text(self) -> str:
        """Give the function that executes one instruction with every check."""
        note = f"    put(hart, {self.k(Slot.EXIT_INSN)}, insn)"
        head = f"@compiled\ndef carry_out(hart, insn):\n{note}"
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
        values = {name: self._share(self._field(op)) for name, op in insn.pattern.operands.items()}
        for name in ("rs1", "rs2"):
            if name in values:
                values[f"{name}_index"] = values[name]
                values[name] = self._share(f"get(hart, {values[name]})")
        pc = self._share(f"get(hart, {self.k(Slot.PC)})")
        return values | {"pc": pc, "word": "insn", "hart": "hart", "value": "value"}

    def _slow_alu(self, insn: Insn) -> str:
        values = self._operands(insn)
        if "rd" not in values:
            return "pass"
        meaning = self._low.inline(insn.meaning, values, "result")
        return f"{meaning}\nfinish(hart, {values['rd']}, result)"

    def _slow_load(self, insn: Insn) -> str:
        values = self._operands(insn)
        va = self._share(f"{values['rs1']} + {values['imm']}")
        return "\n".join((
            f"value = load(hart, {va}, {self.k(insn.size)})",
            self._low.inline(insn.meaning, values, "result"),
            f"finish(hart, {values['rd']}, result)",
        ))  # fmt: skip

    def _slow_store(self, insn: Insn) -> str:
        values = self._operands(insn)
        va = self._share(f"{values['rs1']} + {values['imm']}")
        meaning = self._low.inline(insn.meaning, values, "result")
        return f"{meaning}\nstore(hart, {va}, {self.k(insn.size)}, result)"

    def _slow_branch(self, insn: Insn) -> str:
        values = self._operands(insn)
        return "\n".join((
            self._low.inline(insn.meaning, values, "result"),
            f"if result != {self.k(0)}:",
            f"    jump(hart, {values['pc']} + {values['offset']})",
        ))  # fmt: skip

    def _slow_jump(self, insn: Insn) -> str:
        values = self._operands(insn)
        link = self._share(f"get(hart, {self.k(Slot.NEXT_PC)})")
        return "\n".join((
            self._low.inline(insn.meaning, values, "result"),
            "if jump(hart, result):",
            f"    finish(hart, {values['rd']}, {link})",
        ))  # fmt: skip

    def _slow_system(self, insn: Insn) -> str:
        values = self._operands(insn)
        if insn.size:  # an atomic access: a function each would compile the MMU again for each
            meaning = self._low.inline(insn.meaning, values, "result")
            return f"{meaning}\nfinish(hart, {values['rd']}, result)"
        name = self._low.add(insn.meaning)
        call = f"{name}({', '.join(values[param] for param in insn.params)})"
        return f"finish(hart, {values['rd']}, {call})" if "rd" in values else call

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
            "rs1": f"get_byte(hart, uop, {k(layout.RS1_AT)})",
            "rs2": f"get_byte(hart, uop, {k(layout.RS2_AT)})",
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

    def _step(self) -> str:
        """Give the constant for how many bytes of micro-ops the instruction takes."""
        return self.k(self._size // layout.INSN_SLOT * layout.UOP)

    def _link(self, pc: str) -> str:
        """Give the expression for the address of the next instruction."""
        return f"{pc} + {self.k(self._size)}"

    def _next(self) -> str:
        return f"up = up + {self._step()}\nfuel = fuel - {self.k(1)}\ncontinue"

    def _put_rd(self, value: str) -> str:
        return f"put_byte(hart, uop, {self.k(layout.RD_AT)}, {value})"

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
