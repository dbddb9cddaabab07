"""Assemble a text with GNU as and with ours, and compare all that an object holds."""

from pathlib import Path

from assembler.assembly import Assembly
from tests.assembler.gnu import differences, gnu_assemble, summarize
from tests.assembler.legitimate import settle


def assert_same(
    text: str,
    folder: Path,
    *,
    march: str,
    relax: bool = False,
    debug: int | None = None,
    include: Path | None = None,
) -> bytes:
    """Compare both objects; give ours."""
    options = [f"-march={march}", "-mrelax" if relax else "-mno-relax"]
    if debug is not None:
        options.append(f"--gdwarf-{debug}" if debug else "-g")
    if include is not None:
        options.append(f"-I{include}")
    theirs = summarize(gnu_assemble(text, folder, *options))
    assembly = Assembly([] if include is None else [include], march, relax=relax)
    if debug is not None:
        assembly.generate_lines(debug)
    made = assembly.run(text, str(folder / "gnu.s"), {}).to_bytes()
    ours = summarize(made)
    found = differences(ours, settle(ours, theirs))
    assert not found, "\n".join(found)
    assert ours.flags == theirs.flags
    return made
