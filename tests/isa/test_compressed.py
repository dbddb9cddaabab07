"""Compressed forms: every parcel against objdump, and their execution against their expansions."""

import re
from pathlib import Path

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.fields import REGISTER_KINDS
from isa.isa_string import parse_isa
from isa.spec import FORMS, TABLE
from isa.state import Slot
from tests.isa.bench import CODE, RAM, bench, run
from tests.tools import require_tool

WITH_C = parse_isa("rv64imafdc_zcb_zcmop_zicsr_zifencei")
PARCELS = [parcel for parcel in range(1 << 16) if parcel & 3 != 3]
# objdump 2.40 knows neither Zcb nor Zcmop nor Zihintntl.
ONLY_OURS = re.compile(r"c\.(lbu|lhu|lh|sb|sh|mul|[sz]ext\.[bhw]|not|mop\.\d+|ntl\.\w+)$")
OTHER_NAMES = {"c.slli64": "c.slli", "c.srli64": "c.srli", "c.srai64": "c.srai"}
NO_INSN = (".2byte", ".insn", ".short", "c.unimp", "unimp")


def test_every_parcel_has_the_name_that_objdump_gives_it(tmp_path: Path, subprocess_text):
    binary = tmp_path / "parcels.bin"
    binary.write_bytes(b"".join(parcel.to_bytes(2, "little") for parcel in PARCELS))
    options = ["-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases", str(binary)]
    listing = subprocess_text([require_tool("riscv64-unknown-elf-objdump"), *options])
    rows = re.findall(r"^\s*[0-9a-f]+:\t([0-9a-f]{4})\s+\t?(\S+)", listing, re.M)
    assert len(rows) == len(PARCELS)
    odd = []
    for text, name in rows:
        found = FORMS.decode(int(text, 16))
        ours = found[0].name if found else ""
        theirs = "" if name.startswith(NO_INSN) else OTHER_NAMES.get(name, name)
        if ours != theirs and not ONLY_OURS.match(ours):
            odd.append(f"{text}: {ours or 'nothing'}, objdump {theirs or 'nothing'}")
    # An addi with rd 0 and no immediate, and the reserved addi16sp of 0.
    assert odd == ["0001: c.nop, objdump c.addi", "6101: nothing, objdump c.addi16sp"]


@pytest.mark.parametrize("form", list(FORMS), ids=lambda form: form.name)
def test_a_form_does_what_its_expansion_does(engine, form):
    values = {
        name: op.hi & ~7 if op.kind in REGISTER_KINDS else op.lo
        for name, op in form.pattern.operands.items()
    }
    values |= {name: 16 for name in ("uimm", "shamt") if name in values and name != "uimm"}
    for name, op in form.pattern.operands.items():
        if op.kind in ("imm", "offset"):
            values[name] = op.lo // 2 // op.align * op.align or op.align
        elif op.kind == "uimm":
            values[name] = op.align
    assert form.is_legal(values)
    insn = TABLE.by_name[form.target]
    states = []
    for code, size in (
        (form.encode(**values), 2),
        (insn.encode(**form.expand(values, insn)), 4),
    ):
        hart = bench(Priv.M, isa=WITH_C)
        hart.memory.write(CODE, code.to_bytes(size, "little"))
        for index in range(1, 32):
            hart.x[index] = RAM + 0x4000 + 64 * index
            hart[Slot.F0 + index] = -index
        hart.csr["mstatus"] = ms.FS
        run(engine, hart)
        is_behind = hart.pc == CODE + size
        links = hart.x[1] == CODE + size
        registers = [value for index, value in enumerate(hart.x) if index != 1 or not links]
        ram = hart.memory.read(RAM + 0x3000, 0x4000)
        floats = list(hart.slots[Slot.F0 : Slot.F31 + 1])
        states.append((is_behind or hart.pc, links, registers, floats, ram))
    assert states[0] == states[1]


@pytest.mark.parametrize("parcel", [0x0000, 0x6101, 0x2001, 0x4002, 0x8002])
def test_a_reserved_parcel_is_illegal_with_its_16_bits_in_tval(engine, parcel):
    hart = bench(Priv.M, 0xFFFF0000 | parcel, isa=WITH_C)
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, parcel)


def test_without_c_every_parcel_is_illegal(engine):
    hart = bench(Priv.M, 0x0505_0505)
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, 0x0505)


def test_an_instruction_may_cross_into_another_page(engine):
    hart = bench(Priv.M, isa=WITH_C)
    at = RAM + 0x1FFE
    word = TABLE.by_name["addi"].encode(rd=10, rs1=0, imm=7)
    hart.memory.write(at, word.to_bytes(4, "little") * 2)
    hart.pc = at
    run(engine, hart, 2)
    assert (hart.pc, hart.x[10]) == (at + 8, 7)
    hart.memory.write(at + 2, (word ^ 1 << 20).to_bytes(4, "little")[2:])
    hart.pc = at
    run(engine, hart)
    assert hart.x[10] == 6
