"""Relocatable output (-r) links further, with both linkers, to what its parts would have become."""

from pathlib import Path

from tests.assembler.linking.compare import compiled, facts, gnu, ours

FLAGS = ("-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffunction-sections", "-O2")


def test_a_joined_object_links_to_what_gnu_ld_s_links_to(
    objects: Path, libgcc: str, tmp_path: Path
):
    inputs = [compiled(objects, name, *FLAGS) for name in ("main.c", "other.c")]
    joined = tmp_path / "joined.o"
    joined.write_bytes(ours(["-r", *inputs]))
    theirs = tmp_path / "theirs.o"
    gnu(["-r", *inputs], theirs)
    expected = facts(gnu([str(theirs), libgcc], tmp_path / "a.elf"))
    assert facts(gnu([str(joined), libgcc], tmp_path / "b.elf")) == expected
    assert facts(ours([str(joined), libgcc])).sections == expected.sections


def test_common_symbols_stay_common(tmp_path: Path, objects: Path):
    data = ours(["-r", compiled(objects, "sections.s", *FLAGS[:2])])
    assert ("cmn3", 32, 100) in {name[:3] for name in facts(data).symbols}
