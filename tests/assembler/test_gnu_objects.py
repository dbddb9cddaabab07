"""Objects are those of GNU as: sections, relocations and symbols of the same source are equal."""

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembler import assemble
from tests.assembler import programs
from tests.assembler.gnu import FULL, acceptable, differences, gnu_assemble, summarize
from tests.assembler.instructions import INSTRUCTIONS
from tests.assembler.legitimate import settle
from tests.tools import require_tool

GUESTS = Path(__file__).parents[2] / "guests"


def check(
    text: str, folder: Path, *options: str, in_order: bool = True, **settings: object
) -> None:
    """Assemble a text both ways and compare."""
    theirs = summarize(gnu_assemble(text, folder, *options))
    relax = "-mrelax" in options
    ours = summarize(assemble(text, relax=relax, **settings).to_bytes())  # type: ignore[arg-type]
    assert differences(ours, settle(ours, theirs), in_order) == []
    assert ours.flags == theirs.flags


@pytest.mark.parametrize("name", programs.WRITTEN)
def test_written_programs_give_the_same_object(name: str, tmp_path: Path):
    # The order of section symbols is only approximate where sections are left and entered again.
    check(programs.WRITTEN[name], tmp_path, in_order=name != "data")


@pytest.mark.parametrize("relax", ["-mrelax", "-mno-relax"])
@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_instructions_of_all_kinds_give_the_same_object(name: str, relax: str, tmp_path: Path):
    march = "rv64gc"
    check(INSTRUCTIONS[name], tmp_path, f"-march={march}", relax, march=march)


@pytest.mark.parametrize("seed", range(4))
def test_every_form_of_every_mnemonic_gives_the_same_object(seed: int, tmp_path: Path):
    text, refused = acceptable(programs.random_program(seed, 4), tmp_path, f"-march={FULL}")
    assert len(refused) < text.count("\n") // 3
    check(text, tmp_path, f"-march={FULL}", "-mrelax", march=FULL)


@pytest.mark.parametrize("relax", ["-mrelax", "-mno-relax"])
@pytest.mark.parametrize("seed", range(4))
def test_short_forms_are_chosen_as_gnu_as_chooses_them(seed: int, relax: str, tmp_path: Path):
    text, refused = acceptable(programs.short_program(seed, 1500), tmp_path, "-march=rv64gc")
    assert len(refused) < text.count("\n") // 3
    check(text, tmp_path, "-march=rv64gc", relax, march="rv64gc")


@pytest.mark.parametrize("seed", range(20))
def test_sizes_that_depend_on_each_other_settle_as_in_gnu_as(seed: int, tmp_path: Path):
    check(programs.random_layout(seed), tmp_path)
    check(programs.random_layout(seed), tmp_path, "-march=rv64gc", march="rv64gc")
    check(programs.random_layout(seed), tmp_path, "-march=rv64gc", "-mrelax", march="rv64gc")


@pytest.mark.parametrize("distance", range(4080, 4104, 4))
def test_a_branch_at_the_edge_of_its_reach_is_as_far_as_in_gnu_as(distance: int, tmp_path: Path):
    check(programs.branch_at_the_edge(distance), tmp_path)


def sources() -> list[Path]:
    """List the bundled guests' sources."""
    return sorted(path for path in GUESTS.rglob("*.s"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_guests_give_the_same_object(path: Path, tmp_path: Path):
    folders = [GUESTS / "include", GUESTS / "lib", path.parent, path.parent.parent]
    options = [f"-I{folder}" for folder in folders]
    check(path.read_text(), tmp_path, *options, filename=str(path), include_paths=folders)


def constants() -> list[int]:
    """List constants around every power of two, sums of two of them, and random ones."""
    draw = random.Random(1)
    found = {0}
    for power in range(64):
        found |= {(1 << power) + delta for delta in (-0x801, -0x800, -1, 0, 1, 0x7FF, 0x800)}
        found |= {(1 << power) + (1 << draw.randrange(64)) for _ in range(4)}
        found |= {draw.getrandbits(power + 1) << draw.randrange(64 - power) for _ in range(8)}
    signed = {((value + (1 << 63)) & (1 << 64) - 1) - (1 << 63) for value in found}
    return sorted(signed | {-value for value in signed if value > -(1 << 63)})


def test_li_gives_the_sequences_of_gnu_as(tmp_path: Path):
    text = "".join(f" li a0, {value}\n" for value in constants())
    check(text, tmp_path)


C_SOURCE = """
struct node { int key; long value; struct node *next; char name[16]; };
static struct node table[20]; const char *names[] = {"one", "two", "three"};
long find(struct node *n, int key) { for (; n; n = n->next) if (n->key == key) return n->value;
  return -1; }
int choose(int x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return 77;
  case 3: return x * 3; case 4: return -x; case 5: return 12345678; default: return 0; } }
unsigned long mix(unsigned long a, unsigned char *p, int n) { for (int i = 0; i < n; i++)
  a = (a ^ p[i]) * 0x100000001b3UL; return a % 1000003; }
int main(void) { table[3].key = choose(3); return find(table, 4) + mix(1, (void *)names, 24); }
"""


@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize("model", ["medlow", "medany"])
def test_compiler_output_gives_the_same_object(level: str, model: str, tmp_path: Path):
    compiler = require_tool("riscv64-unknown-elf-gcc")
    options = ["-march=rv64im", "-mabi=lp64", f"-mcmodel={model}", "-ffreestanding", level]
    done = subprocess.run(
        [compiler, *options, "-x", "c", "-", "-S", "-o", "-"],
        input=C_SOURCE,
        capture_output=True,
        text=True,
        check=True,
    )
    check(done.stdout, tmp_path)


ATOMS = st.integers(-(1 << 40), 1 << 40).map(
    lambda value: f"({value})" if value < 0 else str(value)
)
OPERATORS = st.sampled_from("+ - * | & ^ << >> == != <> < > <= >= && ||".split())


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Make expressions from smaller ones."""
    binary = st.tuples(inner, OPERATORS, inner).map(" ".join)
    unary = st.tuples(st.sampled_from("-~!"), inner).map("".join)
    return binary | unary | inner.map(lambda text: f"({text})")


@given(st.lists(st.recursive(ATOMS, combined, max_leaves=8), min_size=30, max_size=30))
def test_expressions_have_the_values_of_gnu_as(expressions: list[str]):
    from tempfile import TemporaryDirectory

    text = " .data\n" + "".join(f" .8byte {text}\n" for text in expressions)
    with TemporaryDirectory() as folder:
        theirs = summarize(gnu_assemble(text, Path(folder))).sections[".data"][-1]
    assert bytes(assemble(text, relax=False).section(".data").data) == theirs
