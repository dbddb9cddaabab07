"""The server answers packets as gdb's manual says, on the bare board and in a domain."""

import random

import pytest

from isa.csrs import CSRS
from tests.vmm.gdb.bench import Client, serving
from tests.vmm.machines import MAKERS, POWER_OFF, S_ENTRY, load, make
from vmm.gdb.wire import frame

LOOP = f"""
    .option arch, +a
    la t0, word
    li t1, 0
loop:
    ld t2, 0(t0)
    addi t2, t2, 1
    sd t2, 0(t0)
    addi t1, t1, 1
    li t3, 50
    blt t1, t3, loop
    amoadd.d t4, t1, (t0)
    {POWER_OFF}
    .balign 8
word: .dword 0
    .dword 0
"""
LOAD_AT = S_ENTRY + 12
STORE_AT = LOAD_AT + 8
AMO_AT = LOAD_AT + 24
PC, PRIV = 32, 65 + 4096


@pytest.fixture(params=["reference bare", *(f"interpreter {mode}" for mode in sorted(MAKERS))])
def client(request):
    """Give a client of a machine that stands still before its first instruction."""
    engine, mode = request.param.split()
    machine = make(mode, load(engine), LOOP)
    with serving(machine) as (server, _ended):
        client = Client(server.port)
        client.machine = machine
        assert client.ask("qSupported:swbreak+;hwbreak+").startswith("PacketSize=")
        yield client
        client.send("k")
        client.close()


def fields(reply):
    """Give a stop reply's parts by name."""
    return dict(part.split(":", 1) for part in reply[3:].split(";") if part)


def number(text):
    return int.from_bytes(bytes.fromhex(text), "little")


def pc(client):
    return number(client.ask(f"p{PC:x}"))


def word_at(client):
    return number(client.ask("p5"))


def test_a_step_carries_out_one_instruction(client):
    before = pc(client)
    reply = client.ask("vCont;s:1")
    assert reply.startswith("T05")
    assert number(fields(reply)["20"]) == before + 4 == pc(client)


@pytest.mark.parametrize("kind", [0, 1])
def test_a_breakpoint_stops_before_its_instruction_each_time(client, kind):
    assert client.ask(f"Z{kind},{STORE_AT:x},4") == "OK"
    for round_ in (1, 2, 3):
        reply = client.ask("vCont;c")
        assert ("hwbreak" if kind else "swbreak") in fields(reply)
        assert (pc(client), number(client.ask("p6"))) == (STORE_AT, round_ - 1)
    assert client.ask(f"z{kind},{STORE_AT:x},4") == "OK"
    assert client.ask("vCont;c") == "W00"


def test_a_breakpoint_is_not_in_memory(client):
    before = client.ask(f"m{STORE_AT:x},4")
    client.ask(f"Z0,{STORE_AT:x},4")
    assert client.ask("vCont;c").startswith("T05")
    assert client.ask(f"m{STORE_AT:x},4") == before


@pytest.mark.parametrize(
    ("kind", "name", "stops"),
    [
        (2, "watch", [STORE_AT, STORE_AT]),
        (3, "rwatch", [LOAD_AT, LOAD_AT]),
        (4, "awatch", [LOAD_AT, STORE_AT, LOAD_AT]),
    ],
)
def test_a_watchpoint_stops_before_the_accesses_of_its_kind(client, kind, name, stops):
    client.ask(f"vCont;r{S_ENTRY:x},{LOAD_AT:x}:1")
    at = word_at(client)
    for stop in stops:
        assert client.ask(f"Z{kind},{at + 4:x},1") == "OK"
        reply = fields(client.ask("vCont;c"))
        assert int(reply[name], 16) == at + 4
        assert pc(client) == stop
        assert client.ask(f"z{kind},{at + 4:x},1") == "OK"
        client.ask("vCont;s:1")


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_an_atomic_both_reads_and_writes(client, kind):
    client.ask(f"Z1,{AMO_AT:x},4")
    client.ask("vCont;c")
    client.ask(f"z1,{AMO_AT:x},4")
    client.ask(f"Z{kind},{word_at(client):x},8")
    assert client.ask("vCont;c").startswith("T05")
    assert pc(client) == AMO_AT


def test_an_access_next_to_a_watched_word_does_not_stop(client):
    client.ask(f"vCont;r{S_ENTRY:x},{LOAD_AT:x}:1")
    at = word_at(client)
    client.ask(f"Z4,{at + 8:x},8")
    client.ask(f"Z4,{at - 1:x},1")
    assert client.ask("vCont;c") == "W00"


def test_a_range_is_stepped_through(client):
    reply = client.ask(f"vCont;r{S_ENTRY:x},{STORE_AT:x}:1")
    assert number(fields(reply)["20"]) == STORE_AT


def test_registers_are_read_and_written(client):
    assert client.ask("P1c=" + "0123456789abcdef") == "OK"
    assert client.ask("p1c") == "0123456789abcdef"
    whole = client.ask("g")
    assert len(whole) == 33 * 16
    assert whole[28 * 16 : 29 * 16] == "0123456789abcdef"
    assert client.ask("G" + "ff" * 8 * 32 + whole[-16:]) == "OK"
    assert number(client.ask("p0")) == 0
    assert number(client.ask("p1f")) == (1 << 64) - 1
    assert client.ask("P20=0100000000000000") == "E01"  # an odd pc


def test_csrs_are_read_and_written_as_by_an_instruction(client):
    satp = 65 + CSRS.by_name["satp"].number
    sscratch = 65 + CSRS.by_name["sscratch"].number
    assert client.ask(f"P{sscratch:x}=8877665544332211") == "OK"
    assert client.ask(f"p{sscratch:x}") == "8877665544332211"
    assert client.ask(f"P{satp:x}=00000000000000f0") == "OK"
    assert number(client.ask(f"p{satp:x}")) == 0  # there is no mode 15
    assert number(client.ask(f"p{PRIV:x}")) == 1
    assert client.ask("p1000") == "E01"


def test_reading_every_register_changes_nothing(client):
    before = [bytes(hart.slots) for hart in client.machine.harts]
    for n in range(PRIV + 2):
        if n < 65 or n - 65 in CSRS.by_number:
            client.ask(f"p{n:x}")
    assert [bytes(hart.slots) for hart in client.machine.harts] == before


def test_memory_is_read_and_written(client):
    at = S_ENTRY + 0x1000
    assert client.ask(f"M{at:x},4:11223344") == "OK"
    assert client.ask(f"X{at + 4:x},3:#".replace("#", "a}\x03}\x04")) == "OK"
    assert client.ask(f"m{at:x},8") == "1122334461232400"
    assert client.ask("m10,4") == "E0e"
    assert client.ask("m1000,4") != "E0e"  # the boot ROM
    assert client.ask("M10,1:00") == "E0e"


def test_what_is_written_into_code_is_executed(client):
    client.ask("vCont;s:1")
    at = pc(client)
    assert client.ask(f"M{at:x},4:130e7000") == "OK"  # li t3, 7
    client.ask("vCont;s:1")
    assert number(client.ask("p1c")) == 7


def test_the_description_names_registers(client):
    text, at = "", 0
    while True:
        piece = client.ask(f"qXfer:features:read:target.xml:{at:x},400")
        text, at = text + piece[1:], at + len(piece) - 1
        if piece[0] == "l":
            break
    for name in ("cpu", "fpu", "csr", "virtual"):
        assert f"org.gnu.gdb.riscv.{name}" in text
    assert '<reg name="satp" bitsize="64" regnum="449"' in text
    assert text.count("<reg ") == text.count("/>") - text.count("<field")


def test_the_end_of_the_guest_is_told(client):
    assert client.ask("c") == "W00"


def test_without_acknowledgement_none_is_sent(client):
    assert client.ask("QStartNoAckMode") == "OK"
    client.unread = b""
    client.send("qC")
    assert client.peer.recv(100) == b"$QC1#c5"


def test_a_damaged_packet_is_asked_for_again(client):
    client.raw(frame(b"qC")[:-1] + b"z")
    assert client.peer.recv(1) == b"-"
    assert client.ask("qC") == "QC1"


NOT_KNOWN = "! vMustReplyEmpty vRun;x qTStatus Zf,0,0 b bx u QNonStop:1 qXfer:auxv:read::0,1"


@pytest.mark.parametrize("text", NOT_KNOWN.split())
def test_what_is_not_known_has_an_empty_answer(client, text):
    assert client.ask(text) == ""


BAD = "p pzz m0 m0,1,2 mffffffffffffffffff,1 M0,2:00 G00 P5 P5=00 Hg9 Hx1 T9 vCont;s:9 Z0,zz,4"


@pytest.mark.parametrize("text", BAD.split())
def test_what_makes_no_sense_is_an_error(client, text):
    assert client.ask(text)[:1] == "E"


def test_points_are_bounded(client):
    answers = [client.ask(f"Z0,{at:x},4") for at in range(0, 400, 4)]
    assert answers.count("OK") == 64
    assert answers[-1] == "E1c"


def test_nothing_that_a_client_sends_does_harm(client):
    rng = random.Random(4)
    letters = "?gGpPmMxXHTZzcsCSbDqQv!R;:,=-0123456789abcdef"
    client.ask("QStartNoAckMode")
    for _ in range(1500):
        text = "".join(rng.choice(letters) for _ in range(rng.randint(0, 12)))
        if text[:1] in ("c", "C", "D", "s", "S") or text.startswith("vKill"):
            text = "q" + text
        client.send(text)
        if rng.random() < 0.2:
            client.raw(rng.randbytes(5).replace(b"$", b"").replace(b"\x03", b""))
    client.raw(frame(b"")[1:])
    client.send("qSymbol::")
    while client.reply() != "OK":
        pass


def test_a_monitor_command_explains(client):
    answer = bytes.fromhex(client.ask("qRcmd," + b"explain 0x80200000 w u".hex())).decode()
    assert "access w to 0x80200000 in U-mode: no trap" in answer
    assert "phys" in bytes.fromhex(client.ask("qRcmd," + b"help".hex())).decode()
    assert bytes.fromhex(client.ask("qRcmd," + b"phys".hex())) == b"addresses are physical\n"
