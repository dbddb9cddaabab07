"""Debian's kernel and BusyBox for riscv64, as apt gives them to a machine of any architecture.

apt gets folders of its own here, so that nothing of the machine's own configuration changes, and
its sources from that configuration. Packages are unpacked, never installed.
"""

import contextlib
import fcntl
import lzma
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
ARCHITECTURE = "riscv64"
KERNEL_PACKAGE, BUSYBOX_PACKAGE = "linux-image-riscv64", "busybox-static"
FOLDER = Path(__file__).resolve().parents[2] / "build" / "debian"
TIMEOUT_S = 600
MODULE = re.compile(r"\.ko(\.xz)?$")
DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
MODULES = (
    "virtio_mmio",
    "virtio_blk",
    "virtio_net",
    "virtio-rng",
    "virtio_balloon",
    "9pnet_virtio",
    "9p",
)
"""The modules that are kept, beside those that they need."""


class PackagesError(Exception):
    """apt could not give what is needed."""


@dataclass(frozen=True)
class Packages:
    """What was unpacked: a kernel that boots, BusyBox, and the kernel's modules by name."""

    kernel: Path
    busybox: Path
    modules: Path

    def module(self, name: str) -> bytes:
        """Give an unpacked module."""
        return (self.modules / f"{name}.ko").read_bytes()

    def with_needed(self, names: Sequence[str]) -> list[str]:
        """Give modules and those that they need, in the order in which they can be loaded."""
        found: list[str] = []
        for name in names:
            needed = self._needed_by(name)
            found += [other for other in (*self.with_needed(needed), name) if other not in found]
        return found

    def _needed_by(self, name: str) -> list[str]:
        match = DEPENDS.search(self.module(name))
        return [] if match is None else [n for n in match[1].decode().split(",") if n]


def fetch(folder: Path = FOLDER) -> Packages:
    """Give Debian's kernel and BusyBox, asking apt for them the first time.

    Raises PackagesError when apt is not there or cannot get them.
    """
    done = folder / "done"
    packages = Packages(done / "vmlinuz", done / "busybox", done / "modules")
    with _lock(folder):
        if not done.is_dir():
            shutil.rmtree(folder / "new", ignore_errors=True)
            (folder / "new" / "modules").mkdir(parents=True)
            for package in _download(folder / "apt"):
                _unpack(package, folder / "new")
                package.unlink()
            (folder / "new").rename(done)
    return packages


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# -------------------------------------------------------------------------------------- apt


def _download(folder: Path) -> list[Path]:
    """Download the packages; give the files."""
    for name in ("lists/partial", "archives/partial", "debs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [arch={ARCHITECTURE}] {_site()} {SUITE} main\n")
    options = _options(folder)
    _run("apt-get", *options, "update", "-qq")
    shown = _run("apt-cache", *options, "show", "--no-all-versions", KERNEL_PACKAGE)
    kernel = re.search(r"^Depends: (linux-image-\S+)", shown, re.MULTILINE)
    if kernel is None:
        raise PackagesError(f"apt knows no kernel that {KERNEL_PACKAGE} stands for")
    debs = folder / "debs"
    for old in debs.iterdir():
        old.unlink()
    _run("apt-get", *options, "download", "-qq", kernel[1], BUSYBOX_PACKAGE, cwd=debs)
    return sorted(debs.glob("*.deb"))


def _site() -> str:
    """Give the mirror that the machine's own apt takes Debian from."""
    shown = _run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages")
    for site in shown.split():
        if re.search(r"/debian/?$", site):
            return site
    raise PackagesError("apt has no mirror of Debian among its sources")


def _options(folder: Path) -> list[str]:
    """Give the options that keep apt to a folder."""
    settings = {
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Architecture": ARCHITECTURE,
        "APT::Architectures": ARCHITECTURE,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        run = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackagesError(f"{command[0]}: {error}") from error
    if run.returncode:
        raise PackagesError(f"{command[0]}: {run.stderr.strip()}")
    return run.stdout


# -------------------------------------------------------------------------------- unpacking


def _unpack(package: Path, folder: Path) -> None:
    """Keep of a package the kernel, the modules that are wanted, and BusyBox."""
    modules: dict[str, bytes] = {}
    command = ("dpkg-deb", "--fsys-tarfile", str(package))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking:
        assert unpacking.stdout is not None, "its output was asked for"
        with tarfile.open(fileobj=unpacking.stdout, mode="r|") as tar:
            for member in tar:
                name = Path(member.name).name
                data = tar.extractfile(member) if member.isfile() else None
                if data is None:
                    continue
                if re.match(r"vmlinu[xz]-", name):
                    (folder / "vmlinuz").write_bytes(data.read())
                elif member.name.endswith("/bin/busybox"):
                    (folder / "busybox").write_bytes(data.read())
                elif MODULE.search(name):
                    modules[MODULE.sub("", name)] = data.read()
    if unpacking.returncode:
        raise PackagesError(f"dpkg-deb: cannot unpack {package.name}")
    _keep_modules(modules, folder / "modules")


def _keep_modules(packed: dict[str, bytes], folder: Path) -> None:
    waiting = [name for name in MODULES if name in packed]
    while waiting:
        name = waiting.pop()
        data = packed[name]
        data = lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else data
        (folder / f"{name}.ko").write_bytes(data)
        match = DEPENDS.search(data)
        if match is not None:
            waiting += [n for n in match[1].decode().split(",") if n in packed]
