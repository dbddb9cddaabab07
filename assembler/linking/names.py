"""String tables of the output, where a name that ends another one lives inside it.

The order is that of first use, as GNU ld has it, so that whole files can be compared.
"""


class NameTable:
    """Collects names; their offsets are known once all have been added."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._offsets: dict[bytes, int] = {b"": 0}
        self.data = b"\0"

    def add(self, name: str) -> None:
        """Add a name."""
        self._names.setdefault(name)

    def finish(self) -> None:
        """Give all names their offsets."""
        texts = [name.encode("utf-8", "surrogateescape") for name in self._names if name]
        inside: dict[bytes, bytes] = {}
        outer = b""
        for text in sorted(texts, key=lambda one: one[::-1], reverse=True):
            if outer.endswith(text):
                inside[text] = outer
            else:
                outer = text
        data = bytearray(b"\0")
        for text in texts:
            if text not in inside:
                self._offsets[text] = len(data)
                data += text + b"\0"
        for text, outer in inside.items():
            self._offsets[text] = self._offsets[outer] + len(outer) - len(text)
        self.data = bytes(data)

    def offset(self, name: str) -> int:
        """Give the offset of a name."""
        return self._offsets[name.encode("utf-8", "surrogateescape")]
