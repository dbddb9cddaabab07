"""The interpreter's generated text: predecoder and slow execution, and `hot_codegen.py`'s handlers.

All of it comes from the instruction table.
"""

import textwrap
from collections.abc import Callable

from isa.engine.interpreter import layout
from isa.engine.interpreter.csr_codegen import csr_text
from isa.engine.interpreter.fields_codegen import field_text
from isa.engine.interpreter.form_codegen import expand_text
from isa.engine.interpreter.fusion import choose_chains, fusion_text
from isa.engine.interpreter.hot_codegen import hot_text
from isa.engine.interpreter.ops import (
    MEMORY_KINDS,
    REGISTERS,
    all_ops,
    immediates,
    number_ops,
    places,
    without_link,
)
from isa.engine.lowering.subset import Lowering
from isa.extensions import needs
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
        self._all = all_ops(self._insns, self._short)
        self._chains = choose_chains(self._all)
        self._ops = number_ops(self._all, self._chains)
        self._shared: dict[str, str] = {}

    @property
    def first_plain_op(self) -> int:
        """The first micro-op that needs no memory."""
        return layout.FIRST_OP + sum(op.insn.kind in MEMORY_KINDS for op in self._all)

    def text(self) -> str:
        """Give all generated functions."""
        shared = (csr_text(self._low), expand_text(self._low, self._table))
        parts = (*shared, self.predecode_text(), self.carry_out_text())
        fusion = fusion_text(self._all, self._chains, self._ops, self._low)
        hot = hot_text(self._all, self._chains, self._ops, self._low)
        return "\n\n".join((*parts, fusion, hot))

    # Decoding

    def predecode_text(self) -> str:
        """Give the function from an instruction word to its micro-op."""
        k = self.k
        return "\n".join((
            "@compiled\ndef predecode(hart, insn, at):",
            f"    size = get(hart, {k(Slot.NEXT_PC)}) - get(hart, {k(Slot.PC)})",
            f"    if at + size > {k(4096)}:",
            f"        return {k(_SLOW)}",
            f"    short = size == {k(2)}",
            self._chain(self._uop),
            f"    return {k(_SLOW)}",
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
                    test += "".join(f" and isa & {k(m)} != {k(0)}" for m in needs(insn.ext))
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
            return f"return {k(_SLOW)}"
        fields = insn.pattern.operands
        where = places(insn)
        parts = []
        if "rd" in fields:
            rd = self._share(self._field(fields["rd"]))
            parts.append(f"rd_or_sink({rd}) << {k(where['rd'].at)}")
        parts += [
            f"({self._register(fields[name])}) << {k(where[name].at)}"
            for name in REGISTERS[1:]
            if name in fields
        ]
        if insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in fields:
            return self._uop_of_branch(insn, parts)
        parts += [f"({self._field(f)}) << {k(where[f.name].at)}" for f in immediates(insn)]
        fixed = self._share(" | ".join(parts)) if parts else k(0)
        return f"return {self._op_text(insn.name)} | {fixed}"

    def _op_text(self, name: str) -> str:
        """Give the operation: it is another one when the instruction was a compressed one."""
        if f"{name} short" in self._ops:
            return f"choose(short, {self._op(f'{name} short')}, {self._op(name)})"
        return self._op(name)

    def _op(self, name: str) -> str:
        """Give the constant for an operation in its place in a micro-op."""
        return self.k(self._ops[name] << layout.OP_AT)

    def _uop_of_branch(self, insn: Insn, parts: list[str]) -> str:
        """Give a branch's micro-op: near ones hold the distance in micro-ops' bytes."""
        k = self.k
        offset = self._share(self._field(insn.pattern.operands["offset"]))
        fixed = self._share(" | ".join(parts))
        shift = f"{offset} << {k(layout.PC_TO_UOP)} << {k(layout.LAST_AT)}"
        near, far = self._op_of_branch(insn, ""), self._op_of_branch(insn, " far")
        return "\n".join((
            f"if {offset} & get(hart, {k(Slot.UNALIGNED)}) != {k(0)}:",
            f"    return {k(_SLOW)}",
            f"if at + {offset} < {k(4096)}:",
            f"    return {near} | {fixed} | {shift}",
            f"return {far} | {fixed} | {offset} << {k(layout.LAST_AT)}",
        ))  # fmt: skip

    def _op_of_branch(self, insn: Insn, far: str) -> str:
        """Give the operation: it is another one when a jump links nothing."""
        linking = self._op_text(f"{insn.name}{far}")
        if "rd" not in insn.pattern.operands:
            return linking
        rd = self._share(self._field(insn.pattern.operands["rd"]))
        return f"choose({rd}, {linking}, {self._op_text(f'{without_link(insn)}{far}')})"

    def _field(self, operand: Operand) -> str:
        return field_text(operand, "insn", self.k)

    def _register(self, operand: Operand) -> str:
        """Give the slot of a register operand."""
        first = f"{self.k(Slot.F0)} + " if operand.kind == "freg" else ""
        return f"{first}({self._field(operand)})"

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
            Kind.FLOAT: self._slow_float,
            Kind.SYSTEM: self._slow_system,
        }
        return f"{self._float_check(insn)}{bodies[insn.kind](insn)}\nreturn"

    def _float_check(self, insn: Insn) -> str:
        """Give the tests that an instruction with floating-point registers must pass."""
        if not insn.is_float:
            return ""
        mode = self._share(self._mode(insn)) if insn.rounding else self.k(0)
        return f"if not may_float(hart, {mode}):\n    return\n"

    def _mode(self, insn: Insn) -> str:
        return f"rounding(hart, {self._field(insn.pattern.operands[insn.rounding])})"

    def _operands(self, insn: Insn) -> dict[str, str]:
        operands = insn.pattern.operands
        values = {name: self._share(self._field(op)) for name, op in operands.items()}
        for name in ("rs1", "rs2"):
            if name in values:
                values[f"{name}_index"] = values[name]
                values[name] = self._share(f"get(hart, {values[name]})")
        for name in ("fs1", "fs2", "fs3"):
            if name in values:
                values[name] = self._share(f"get(hart, {self._register(operands[name])})")
        if insn.rounding:
            values["rm"] = self._share(self._mode(insn))
        values |= {name: self.k(value) for name, value in insn.fixed}
        pc = self._share(f"get(hart, {self.k(Slot.PC)})")
        return values | {"pc": pc, "word": "insn", "hart": "hart", "value": "value"}

    def _finish(self, insn: Insn, values: dict[str, str], result: str = "result") -> str:
        """Give the write of a result to the instruction's destination."""
        if "fd" in values:
            slot = self._share(self._register(insn.pattern.operands["fd"]))
            return f"finish_float(hart, {slot}, {result})"
        return f"finish(hart, {values['rd']}, {result})"

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
            self._finish(insn, values),
        ))  # fmt: skip

    def _slow_float(self, insn: Insn) -> str:
        values = self._operands(insn)
        return f"{self._low.inline(insn.meaning, values, 'result')}\n{self._finish(insn, values)}"

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


_SLOW = layout.OP_SLOW << layout.OP_AT
