"""Merging `.riscv.attributes` and the flags of ELF headers.

Follows the RISC-V ELF psABI, chapters "Attributes" and "File Header".
"""

import re

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import Section

NAME = ".riscv.attributes"
STACK_ALIGN, ARCH, UNALIGNED, PRIV_SPEC, PRIV_MINOR, PRIV_REVISION = 4, 5, 6, 8, 10, 12
_STANDARD = "iemafdqlcbkjtpvnh"
_RVC, _FLOAT_ABI, _RVE, _TSO = 1, 6, 8, 16
_ABI_NAMES = {0: "soft-float", 2: "single-float", 4: "double-float", 6: "quad-float"}
_EXTENSION = re.compile(r"([a-z][a-z0-9]*?)(\d+)p(\d+)$")


def merge_flags(link: Context) -> int:
    """Combine the ELF header flags of all files; complain where they cannot be linked."""
    merged: int | None = None
    first = ""
    for file in link.files:
        has_code = any(one.flags & model.CODE for one in file.all_sections())
        if file.is_binary or not (has_code or any(one.size for one in file.all_sections())):
            continue
        if merged is None:
            merged, first = file.flags, file.name
            continue
        if (merged ^ file.flags) & _FLOAT_ABI and not link.options.allows_mismatch:
            names = [_ABI_NAMES[flags & _FLOAT_ABI] for flags in (file.flags, merged)]
            message = (
                f"{file.name}: can't link {names[0]} modules with {names[1]} modules ({first})"
            )
            link.complain(LinkError(message))
        if (merged ^ file.flags) & _RVE:
            link.complain(LinkError(f"{file.name}: can't link RVE with other target ({first})"))
        merged |= file.flags & (_RVC | _TSO)
    return merged or 0


def merge_attributes(link: Context) -> None:
    """Make one attributes section of all; the first file's stays, the others are dropped."""
    found = [
        section
        for file in link.files
        for section in file.all_sections()
        if section.type == model.SHT_RISCV_ATTRIBUTES and not section.is_discarded
    ]
    if not found:
        return
    merged: dict[int, int | str] = {}
    for section in found:
        try:
            _merge(link, merged, _parse(bytes(section.data)), section)
        except (ValueError, IndexError):
            link.warn(f"{section.file.name}: broken attributes section is ignored")
    first = found[0]
    first.data = _format(merged)
    first.size = first.raw_size = len(first.data)
    for section in found[1:]:
        section.output = link.absolute


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _parse(data: bytes) -> dict[int, int | str]:
    """Read the attributes that hold for the whole file."""
    found: dict[int, int | str] = {}
    if not data or data[0] != ord("A"):
        return found
    at = 1
    while at + 4 <= len(data):
        end = at + int.from_bytes(data[at : at + 4], "little")
        vendor_end = data.index(b"\0", at + 4)
        if end <= at or end > len(data):
            raise ValueError("a subsection that reaches too far")
        if data[at + 4 : vendor_end] == b"riscv":
            found |= _parse_vendor(data, vendor_end + 1, end)
        at = end
    return found


def _parse_vendor(data: bytes, at: int, end: int) -> dict[int, int | str]:
    found: dict[int, int | str] = {}
    while at < end:
        tag, inner = _uleb(data, at)
        stop = at + int.from_bytes(data[inner : inner + 4], "little")
        if stop <= at or stop > end:
            raise ValueError("a subsection that reaches too far")
        at, inner = stop, inner + 4
        while tag == 1 and inner < stop:
            key, inner = _uleb(data, inner)
            if key & 1:
                text_end = data.index(b"\0", inner)
                found[key] = data[inner:text_end].decode("ascii", "replace")
                inner = text_end + 1
            else:
                found[key], inner = _uleb(data, inner)
    return found


def _merge(
    link: Context, merged: dict[int, int | str], new: dict[int, int | str], section: Section
) -> None:
    for key, value in new.items():
        old = merged.get(key)
        if old is None or old == value:
            merged[key] = value
        elif key == ARCH:
            merged[key] = merge_arch(str(old), str(value))
        elif key == STACK_ALIGN:
            message = f"{section.file.name} use {value}-byte stack aligned but the output use "
            link.complain(LinkError(f"{message}{old}-byte stack aligned"))
        elif key == UNALIGNED:
            merged[key] = int(old) | int(value)
        elif key not in (PRIV_SPEC, PRIV_MINOR, PRIV_REVISION):
            merged.setdefault(key, value)
    _merge_privileged(merged, new)


def _merge_privileged(merged: dict[int, int | str], new: dict[int, int | str]) -> None:
    """Keep the newer privileged specification."""
    keys = (PRIV_SPEC, PRIV_MINOR, PRIV_REVISION)
    versions = [tuple(int(one.get(key, 0)) for key in keys) for one in (merged, new)]
    if versions[1] > versions[0]:
        merged |= {key: value for key, value in zip(keys, versions[1], strict=True) if value}


def merge_arch(left: str, right: str) -> str:
    """Give an architecture that has all extensions of two, each in its newer version."""
    prefix = left[:4]
    found: dict[str, tuple[int, int]] = {}
    for text in (left, right):
        if text[:4] != prefix:
            return left
        for word in text[4:].split("_"):
            parts = _EXTENSION.match(word)
            if parts is None:
                return left
            version = int(parts[2]), int(parts[3])
            found[parts[1]] = max(version, found.get(parts[1], (0, 0)))
    ordered = sorted(found, key=_rank)
    return prefix + "_".join(f"{name}{found[name][0]}p{found[name][1]}" for name in ordered)


def _rank(name: str) -> tuple[int, int, str]:
    """Order extensions canonically: single letters, z by category, s, x."""
    if len(name) == 1:
        return 0, _STANDARD.find(name) % 100, name
    kind = "zsx".find(name[0]) % 10
    category = _STANDARD.find(name[1]) % 100 if name[0] == "z" else 0
    return kind + 1, category, name


def _to_uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _format(merged: dict[int, int | str]) -> bytes:
    body = bytearray()
    for key in sorted(merged):
        value = merged[key]
        if isinstance(value, str):
            body += _to_uleb(key) + value.encode() + b"\0"
        elif value:
            body += _to_uleb(key) + _to_uleb(value)
    inner = b"\x01" + (len(body) + 5).to_bytes(4, "little") + bytes(body)
    outer = b"riscv\0" + inner
    return b"A" + (len(outer) + 4).to_bytes(4, "little") + outer
