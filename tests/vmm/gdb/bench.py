"""A guest under the gdb server: a client that speaks packets, and the real gdb."""

import socket
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.tools import require_tool
from vmm.gdb.server import GdbServer, KilledError

SECONDS = 60


class Client:
    """Speaks packets; checks nothing."""

    def __init__(self, port):
        self.peer = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.machine: Any = None

    def raw(self, data):
        self.peer.sendall(data)

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        self.raw(b"$" + data + b"#%02x" % (sum(data) & 0xFF))

    def ask(self, text):
        self.send(text)
        return self.reply()

    def reply(self):
        """Give the next packet's data, acknowledging nothing."""
        while True:
            start = self.unread.find(b"$")
            end = self.unread.find(b"#", start)
            if start >= 0 and end >= 0 and len(self.unread) >= end + 3:
                data, self.unread = self.unread[start + 1 : end], self.unread[end + 3 :]
                return data.decode("latin-1")
            more = self.peer.recv(1 << 16)
            if not more:
                return None
            self.unread += more

    def close(self):
        self.peer.close()


@contextmanager
def serving(machine, *, waits=True, bound=None):
    """Run a machine under a server in a thread; gives the server and a list for how it ended."""
    server = GdbServer("127.0.0.1", 0, waits=waits)
    ended: list[Any] = []

    def run():
        try:
            ended.append(server.run(machine, bound, lambda line: f"not known: {line}\n"))
        except KilledError:
            ended.append("killed")
        finally:
            server.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server, ended
    finally:
        thread.join(SECONDS)
        assert not thread.is_alive(), "the server did not come to an end"


def gdb(port, script, *files):
    """Let gdb run a script of commands; give what it printed."""
    lines = [
        "set pagination off",
        "set confirm off",
        "set style enabled off",
        f"target remote 127.0.0.1:{port}",
        *(line.strip() for line in script.strip().splitlines()),
    ]
    command = [require_tool("gdb-multiarch"), "-q", "-nx", "-batch"]
    for line in lines:
        command += ["-ex", line]
    done = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return done.stdout + done.stderr


def build(folder: Path, source: str) -> Path:
    """Assemble with line tables and link a guest at the start of S-mode payloads; give the ELF."""
    from trapline.cli import main

    (folder / "guest.s").write_text(source)
    steps = (
        ["as", "-g", "-o", folder / "guest.o", folder / "guest.s"],
        ["ld", "-Ttext=0x80200000", "-o", folder / "guest.elf", folder / "guest.o"],
    )
    for step in steps:
        assert main([str(word) for word in step]) == 0
    return folder / "guest.elf"
