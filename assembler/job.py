"""One run of the assembler as a command line describes it: sources in, an object and a listing out.

Not here: the options' spelling (`trapline.commands.as_`), assembling itself (`assembly.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assembler.artifacts import Object
from assembler.assembly import Assembly
from assembler.errors import OptionError
from assembler.listing import ListingAssembly
from assembler.options import DEFAULT_MARCH

MAX_SOURCE = 1 << 28


@dataclass(frozen=True)
class Source:
    """A source text and the name that errors give it."""

    text: str
    name: str


@dataclass(frozen=True)
class Job:
    """What to assemble, and how."""

    include_paths: Sequence[str | Path] = ()
    defines: Mapping[str, int | str] = field(default_factory=dict)
    march: str = DEFAULT_MARCH
    mabi: str | None = None
    relax: bool = True
    pic: bool = False
    csr_check: bool = False
    priv_spec: tuple[int, int, int] | None = None
    has_attributes: bool = True
    keeps_locals: bool = False
    debug: int | None = None  # the version of DWARF, 0 for the default
    preprocess: bool = False
    macros: Sequence[tuple[str, str]] = ()  # ("D", "NAME=VALUE") and ("U", "NAME"), in order
    listing: str = ""  # the letters of -a


@dataclass(frozen=True)
class Result:
    """What came out."""

    object: Object
    warnings: tuple[str, ...]
    dependencies: tuple[str, ...]
    listing: tuple[str, ...] = ()


def assemble_sources(sources: Sequence[Source], job: Job) -> Result:
    """Assemble sources as if they were one; raise AssemblyErrors with all that is wrong."""
    texts, warnings, dependencies = [], [], [source.name for source in sources]
    for source in sources:
        text = source.text
        if job.preprocess:
            text, said, read = _preprocess(source, job)
            warnings += said
            dependencies += read
        elif len(sources) > 1:
            text = f'# 1 "{source.name}"\n{text}'
        texts.append(text if text.endswith("\n") or len(sources) == 1 else text + "\n")
    assembly = _make_assembly(job)
    made = assembly.run("".join(texts), sources[0].name, job.defines)
    if not job.has_attributes:
        made.sections = [s for s in made.sections if s.name != ".riscv.attributes"]
    listing: tuple[str, ...] = ()
    if isinstance(assembly, ListingAssembly):
        listing = tuple(assembly.listing_lines(made, job.listing))
    warnings += [str(warning) for warning in made.warnings]
    return Result(made, tuple(warnings), (*dependencies, *assembly.dependencies), listing)


def _make_assembly(job: Job) -> Assembly:
    kind = ListingAssembly if job.listing else Assembly
    assembly = kind(job.include_paths, job.march, job.mabi, relax=job.relax, pic=job.pic)
    if job.csr_check:
        assembly.target.set_switches(csr_check=True)
    assembly.target.keeps_locals = job.keeps_locals
    if job.priv_spec:
        assembly.target.priv_spec = job.priv_spec
    if job.debug is not None:
        assembly.generate_lines(job.debug)
    return assembly


def _preprocess(source: Source, job: Job) -> tuple[str, list[str], list[str]]:
    """Preprocess a source; give the text, the warnings, and the files it read."""
    from assembler.cpp.predefined import predefined
    from assembler.cpp.preprocess import Preprocessor
    from assembler.errors import Complaint
    from assembler.options import make_target

    try:
        abi = make_target(job.march, job.mabi).abi
        macros = predefined(job.march, abi, is_pic=job.pic)
        preprocessor = Preprocessor(job.include_paths, macros)
        for kind, text in job.macros:
            preprocessor.define(text) if kind == "D" else preprocessor.undefine(text)
    except Complaint as complaint:
        raise OptionError(complaint.message) from None
    text = preprocessor.run(source.text, source.name)
    return text, preprocessor.warnings, preprocessor.dependencies


def preprocess_source(source: Source, job: Job) -> str:
    """Give a source after the preprocessor, as `gcc -E` would."""
    return _preprocess(source, job)[0]
