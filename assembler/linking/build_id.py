"""The build identifier (--build-id): a note with a digest of the executable.

Follows the format of GNU ld's `.note.gnu.build-id`; the digest is over the file with the identifier
blank, so equal inputs give equal identifiers.
"""

import hashlib

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import Section

_HEAD = (4).to_bytes(4, "little"), (3).to_bytes(4, "little") + b"GNU\0"
_SIZES = {"sha1": 20, "tree": 20, "fast": 20, "md5": 16, "uuid": 16}


def add_build_id(link: Context) -> Section | None:
    """Make the note's section, blank yet; None when none is wanted."""
    style = link.options.build_id
    if style in ("", "none") or not link.files:
        return None
    if style.startswith("0x"):
        digits = style[2:].replace(":", "").replace("-", "")
        try:
            body = bytes.fromhex(digits)
        except ValueError:
            raise LinkError(f"unrecognized --build-id style {style}") from None
    elif style in _SIZES:
        body = bytes(_SIZES[style])
    else:
        raise LinkError(f"unrecognized --build-id style {style}")
    file = link.files[0]
    note = Section(file, ".note.gnu.build-id", model.SHT_NOTE, model.SHF_ALLOC)
    note.data = _HEAD[0] + len(body).to_bytes(4, "little") + _HEAD[1] + body
    note.size = note.raw_size = len(note.data)
    note.align_power, note.index = 2, len(file.sections)
    note.flags |= model.KEEP | model.LINKER_CREATED
    file.sections.append(note)
    return note


def fill_build_id(link: Context, note: Section, data: bytes) -> bytes:
    """Give the file with its digest in the note."""
    style, out = link.options.build_id, note.output
    if style.startswith("0x") or out is None or out.is_absolute:
        return data
    at = out.file_offset + note.offset + 16
    size = _SIZES[style]
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    if size == 16:
        digest = hashlib.md5(data, usedforsecurity=False).digest()
    return data[:at] + digest[:size] + data[at + size :]
