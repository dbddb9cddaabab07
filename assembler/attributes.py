"""The section `.riscv.attributes`: which architecture an object was made for.

Follows the RISC-V ELF psABI, chapter "Attributes".
"""

from assembler.objects import ObjSection
from assembler.options import Target

_TAG_FILE = 1
_STACK_ALIGN, _ARCH, _UNALIGNED = 4, 5, 6
_PRIV_SPEC = (8, 10, 12)


def uleb128(value: int) -> bytes:
    """Encode a number seven bits at a time, least significant first."""
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def sleb128(value: int) -> bytes:
    """Encode a signed number seven bits at a time, least significant first."""
    data = bytearray()
    while not -0x40 <= value < 0x40:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value & 0x7F)
    return bytes(data)


def attributes_section(target: Target) -> ObjSection:
    """Make the section for a target."""
    numbers = {_STACK_ALIGN: target.stack_align, _UNALIGNED: target.unaligned_access}
    numbers |= zip(_PRIV_SPEC, target.priv_spec, strict=True)
    tags = b""
    for tag in sorted({_ARCH, *numbers}):
        if tag == _ARCH:
            tags += uleb128(tag) + target.arch.encode() + b"\0"
        elif value := numbers[tag]:
            tags += uleb128(tag) + uleb128(value)
    file_part = uleb128(_TAG_FILE) + (len(tags) + 5).to_bytes(4, "little") + tags
    vendor = b"riscv\0" + file_part
    data = b"A" + (len(vendor) + 4).to_bytes(4, "little") + vendor
    return ObjSection(".riscv.attributes", "riscv_attributes", "", data, len(data))
