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
    values: dict[int, int | str | None] = {
        _STACK_ALIGN: target.stack_align,
        _ARCH: target.arch,
        _UNALIGNED: target.unaligned_access,
    }
    values |= zip(_PRIV_SPEC, target.priv_spec, strict=True)
    values |= target.attributes
    data = b"A" + _vendor("riscv", values)
    if target.gnu_attributes:
        data += _vendor("gnu", dict(target.gnu_attributes))
    return ObjSection(".riscv.attributes", "riscv_attributes", "", data, len(data))


def _vendor(name: str, values: dict[int, int | str | None]) -> bytes:
    """Make one vendor's part; numbers that are 0 are what their absence means."""
    tags = b""
    for tag, value in sorted(values.items(), key=lambda item: item[0]):
        if isinstance(value, str):
            tags += uleb128(tag) + value.encode("utf-8", "surrogateescape") + b"\0"
        elif value:
            tags += uleb128(tag) + uleb128(value)
    file_part = uleb128(_TAG_FILE) + (len(tags) + 5).to_bytes(4, "little") + tags
    part = name.encode() + b"\0" + file_part
    return (len(part) + 4).to_bytes(4, "little") + part
