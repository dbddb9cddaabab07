"""Sections whose names say what they are, before anything is put into them.

Follows the System V Application Binary Interface, "Special Sections".
"""

from assembler.linking import model

_WA = model.SHF_WRITE | model.SHF_ALLOC
_AX = model.SHF_ALLOC | model.SHF_EXEC
# Name, whether `name.more` counts too, type, flags.
_SPECIAL = (
    (".bss", True, model.SHT_NOBITS, _WA),
    (".comment", False, model.SHT_PROGBITS, 0),
    (".data", True, model.SHT_PROGBITS, _WA),
    (".data1", False, model.SHT_PROGBITS, _WA),
    (".fini", False, model.SHT_PROGBITS, _AX),
    (".fini_array", True, model.SHT_FINI_ARRAY, _WA),
    (".init", False, model.SHT_PROGBITS, _AX),
    (".init_array", True, model.SHT_INIT_ARRAY, _WA),
    (".noinit", True, model.SHT_NOBITS, _WA),
    (".note", True, model.SHT_NOTE, 0),
    (".preinit_array", True, model.SHT_PREINIT_ARRAY, _WA),
    (".rela", True, model.SHT_RELA, 0),
    (".rodata", True, model.SHT_PROGBITS, model.SHF_ALLOC),
    (".rodata1", False, model.SHT_PROGBITS, model.SHF_ALLOC),
    (".tbss", True, model.SHT_NOBITS, _WA | model.SHF_TLS),
    (".tdata", True, model.SHT_PROGBITS, _WA | model.SHF_TLS),
    (".text", True, model.SHT_PROGBITS, _AX),
)


def special(name: str) -> tuple[int, int]:
    """Give the type and the flags that a section's name implies; 0 and 0 when it implies none."""
    for known, takes_more, kind, flags in _SPECIAL:
        if name == known or (takes_more and name.startswith(f"{known}.")):
            return kind, flags
    return 0, 0
