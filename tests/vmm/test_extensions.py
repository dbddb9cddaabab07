"""Extensions in Python: what they may do, in every mode, and that what they raise harms nobody."""

from types import ModuleType

import pytest

from isa.errors import SpecError
from isa.words import s
from tests.vmm.machines import MAKERS, POWER_OFF, load, make
from vmm import extension_files
from vmm.contracts import SbiReturn
from vmm.devices import DeviceEntry
from vmm.extension_files import extras_of_files
from vmm.extensions import Call, ExtensionError, check_extras, hypercall, on_exit
from vmm.stop import StopReason

EID = 0x0A00_0001
S1, S2, S3 = 9, 18, 19
LIMIT = 1_000_000

CALLS = f"""
    li s0, 100
1:  mv a0, s0
    li a1, -3
    li a2, 5
    li a6, 2
    li a7, {EID:#x}
    ecall
    add s1, s1, a1
    add s2, s2, a0
    addi s0, s0, -1
    bnez s0, 1b
{POWER_OFF}
"""

READS = f"""
    li t0, 0x10000000
    lbu s1, 5(t0)
    lbu s2, 5(t0)
{POWER_OFF}
"""


@pytest.fixture
def interpreter():
    return load("interpreter")


def mix(is_compiled):
    @hypercall(EID, 2, compiled=is_compiled)
    def mixture(a, b, c):
        """Mix three words; the middle one has a sign."""
        if s(b) < 0:
            return a * b + c
        return a

    return mixture


@pytest.mark.parametrize("mode", MAKERS)
@pytest.mark.parametrize("is_compiled", [False, True], ids=["python", "compiled"])
def test_a_hypercall_gives_its_value_beside_success(engine, mode, is_compiled):
    machine = make(mode, engine, CALLS, extras=(mix(is_compiled),))
    assert machine.run(LIMIT).reason is StopReason.EXIT
    expected = sum(-3 * a + 5 for a in range(1, 101)) % (1 << 64)
    assert (machine.harts[0].x[S1], machine.harts[0].x[S2]) == (expected, 0)


@pytest.mark.parametrize("mode", [mode for mode in MAKERS if mode != "bare"])
def test_a_compiled_hypercall_never_leaves_the_fast_path(interpreter, mode):
    exits = {}
    progress = set()
    for is_compiled in (False, True):
        machine = make(mode, interpreter, CALLS, extras=(mix(is_compiled),))
        machine.run(LIMIT)
        counters = machine.cpu.counters()
        exits[is_compiled] = counters["exit.sbi"], counters["exit.hypercall"]
        progress.add(machine.progress)
    assert exits == {False: (101, 0), True: (1, 100)}
    assert len(progress) == 1


def test_a_hypercall_without_the_extension_is_not_supported(interpreter):
    machine = make("softtlb", interpreter, CALLS)
    machine.run(LIMIT)
    assert machine.harts[0].x[S2] == 100 * -2 % (1 << 64)


def test_a_hypercall_reaches_the_machine_and_may_give_any_outcome(interpreter):
    @hypercall(EID, 2)
    def poke(machine, a):
        machine.memory.write(0x8030_0000, int(a).to_bytes(8, "little"))
        return SbiReturn(-3, 7)

    machine = make("softtlb", interpreter, CALLS, extras=(poke,))
    machine.run(LIMIT)
    assert machine.memory.read(0x8030_0000, 8) == (1).to_bytes(8, "little")
    assert machine.harts[0].x[S2] == -300 % (1 << 64)


@pytest.mark.parametrize("mode", MAKERS)
def test_a_hook_sees_answers_and_injects(interpreter, mode):
    seen = []

    @on_exit("mmio")
    def fake_status(event):
        seen.append((event.cause, event.exit.pa, event.hart.id))
        if len(seen) == 1:
            event.reply(0x42)

    machine = make(mode, interpreter, READS, extras=(fake_status,))
    assert machine.run(LIMIT).reason is StopReason.EXIT
    assert seen == [("mmio", 0x1000_0005, 0)] * 2
    assert (machine.harts[0].x[S1], machine.harts[0].x[S2]) == (0x42, 0x60)


def test_a_hook_lets_the_guest_take_a_fault(interpreter):
    @on_exit("mmio")
    def refuse(event):
        event.inject(5, event.exit.pa)

    handler = """
    la t1, 2f
    csrw stvec, t1
"""
    ending = """
    .balign 4
2:  csrr s3, scause
    j power_off
"""
    machine = make("softtlb", interpreter, handler + READS + ending, extras=(refuse,))
    assert machine.run(LIMIT).reason is StopReason.EXIT
    assert machine.harts[0].x[S3] == 5
    assert machine.harts[0].csr["stval"] == 0x1000_0005


def test_a_hook_changes_what_a_call_is_about_to_do(interpreter):
    @on_exit("sbi")
    def redirect(event):
        if event.hart[17] == EID:
            event.reply(event.hart[10] + 1)

    machine = make("softtlb", interpreter, CALLS, extras=(redirect,))
    machine.run(LIMIT)
    assert machine.harts[0].x[S1] == sum(range(2, 102))


def test_exits_that_compiled_code_handles_are_shown_after_the_fact(interpreter):
    text = f"    li t0, 7\n    csrw sscratch, t0\n    csrr s1, sscratch\n{POWER_OFF}"
    values = []

    @on_exit("csr")
    def note(event):
        values.append((event.exit, event.hart.csr["sscratch"]))

    machine = make("softtlb", interpreter, text, extras=(note,))
    plain = make("softtlb", interpreter, text)
    assert machine.run(LIMIT) == plain.run(LIMIT)
    assert values == [(None, 7)] * 2
    assert machine.progress == plain.progress


class Broken:
    span, widths = 8, frozenset({8})

    def read(self, offset, size):
        raise ValueError("no value")

    def write(self, offset, size, value):
        raise KeyError(offset)

    def save(self):
        return {}

    def restore(self, state): ...

    def tree(self, site):
        return ()


BROKEN = DeviceEntry("broken", 0x1100_0000, 0x1000, None, lambda _host, _line: Broken())


@hypercall(EID, 2)
def raising(a):
    """Raise."""
    return a // 0


@on_exit("sbi")
def raising_hook(event):
    """Raise."""
    raise RuntimeError(f"at {event.cause}")


@pytest.mark.parametrize(
    ("extra", "text", "words"),
    [
        (raising, CALLS, "the extension raising raised ZeroDivisionError"),
        (raising_hook, CALLS, "the extension raising_hook raised RuntimeError: at sbi"),
        (BROKEN, "li t0, 0x11000000\n ld s1, 0(t0)\n1: j 1b", "broken raised ValueError: no value"),
        (BROKEN, "li t0, 0x11000000\n sd s1, 0(t0)\n1: j 1b", "broken raised KeyError: 0"),
    ],
    ids=["call", "hook", "read", "write"],
)
@pytest.mark.parametrize("mode", ["bare", "softtlb"])
def test_what_raises_stops_its_machine_alone(interpreter, mode, extra, text, words):
    other = make(mode, interpreter, CALLS)
    machine = make(mode, interpreter, text, extras=(extra,))
    stop = machine.run(LIMIT)
    assert (stop.reason, stop.status) == (StopReason.EXTENSION, 125)
    assert words in stop.detail
    assert "test_extensions.py:" in stop.detail
    assert other.run(LIMIT).reason is StopReason.EXIT


def seven(a, b, c, d, e, f, g):
    """Take too much."""


def with_machine(machine):
    """Take the machine."""


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: hypercall(EID)(seven), "up to 6 words, not 7"),
        (lambda: hypercall(EID, compiled=True)(with_machine), "words only"),
        (lambda: hypercall(EID, compiled=True)(eval("lambda a: a")), "its source is in no file"),
        (lambda: on_exit("nothing")(with_machine), "no exit has the cause 'nothing'"),
        (lambda: check_extras([3]), "3 is no hypercall"),
        (lambda: check_extras([raising, mix(False)]), "two hypercalls"),
        (lambda: check_extras([BROKEN, BROKEN]), "two devices are called broken"),
        (lambda: check_extras([entry("uart", 0x1000_0000)]), "uart0 and uart overlap"),
        (lambda: check_extras([entry("new", 0x1100_0000, 10)]), "both have interrupt 10"),
    ],
)
def test_what_cannot_be_an_extension_is_refused(make_it, words):
    with pytest.raises(ExtensionError, match=words):
        make_it()


def entry(name, base, irq=None):
    return DeviceEntry(name, base, 0x1000, irq, BROKEN.make)


def test_a_file_of_extensions_is_read_and_errors_in_it_have_a_place(tmp_path):
    good = tmp_path / "good.py"
    good.write_text(
        "from vmm.extensions import hypercall\n@hypercall(0xA000002)\ndef f(a):\n    return a\n"
    )
    (call,) = extras_of_files([str(good)])
    assert isinstance(call, Call)
    assert call.eid == 0xA000002
    empty, wrong = tmp_path / "empty.py", tmp_path / "wrong.py"
    empty.write_text("")
    wrong.write_text("x = 1\ny = x / 0\n")
    with pytest.raises(ExtensionError, match="there is no extension in it"):
        extras_of_files([str(empty)])
    with pytest.raises(Exception, match=r"wrong\.py:2: .*ZeroDivisionError"):
        extras_of_files([str(wrong)])


class Point:
    """An entry point as an installed package declares it."""

    def __init__(self, name, loaded):
        self.name = name
        self._loaded = loaded

    def load(self):
        if self._loaded is None:
            raise ImportError("no module called mine")
        return self._loaded


def test_installed_packages_bring_modules_and_single_extensions(monkeypatch):
    module = ModuleType("mine")
    vars(module).update(call=raising, device=BROKEN, other=3)
    points = [Point("module", module), Point("single", raising_hook)]
    monkeypatch.setattr(extension_files, "entry_points_of", lambda _group: points)
    assert extension_files.installed_extras() == (raising, BROKEN, raising_hook)
    points[:] = [Point("gone", None)]
    with pytest.raises(
        ExtensionError, match=r"entry point gone of trapline\.extensions: no module"
    ):
        extension_files.installed_extras()
    points[:] = [Point("wrong", 3)]
    with pytest.raises(ExtensionError, match="3 is no hypercall"):
        check_extras(extension_files.installed_extras())


def test_what_cannot_be_compiled_is_refused_with_its_place(interpreter):
    @hypercall(EID, compiled=True)
    def wordless(a):
        return len(str(a))

    with pytest.raises(SpecError, match="is not a word") as refused:
        make("softtlb", interpreter, CALLS, extras=(wordless,))
    assert refused.value.location is not None
    assert refused.value.location.filename == __file__
