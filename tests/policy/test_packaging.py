"""The package that users install: what is in its wheel, and what its environment is pinned to.

The wheel is built from a copy of the sources and used from an environment without them.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.policy.sources import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ]+)", re.MULTILINE)
# Files that code reads at run time, besides the modules.
DATA_SUFFIXES = (".s", ".S", ".inc", ".h", ".ld", ".toml", ".lark", ".typed")


def pins(lock: str) -> dict[str, str]:
    """Read which version of which distribution a lock file pins."""
    found = PIN.findall((ROOT / lock).read_text())
    return {name.lower().replace("_", "-"): version for name, version in found}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", []), ("requirements-dev.lock", ["test", "oracles", "dev"])],
)
def test_a_lock_pins_every_dependency_within_its_range(lock, extras):
    wanted = list(PROJECT["dependencies"])
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        assert requirement.name in pinned, f"{requirement.name} is missing: make lock"
        version = pinned[requirement.name]
        assert requirement.specifier.contains(version, prereleases=True), "make lock"


def test_the_two_locks_agree():
    dev = pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_names_no_place(lock):
    text = (ROOT / lock).read_text()
    assert text.count(" --hash=sha256:") > len(pins(lock))
    assert "://" not in text
    assert "index-url" not in text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel from a copy of the sources."""
    copy = tmp_path_factory.mktemp("copy")
    no_leftovers = shutil.ignore_patterns("__pycache__", "*.o", "*.elf")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=no_leftovers)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", copy / "dist", copy], check=True)
    return next((copy / "dist").glob("*.whl"))


def test_the_wheel_has_every_module_and_data_file_and_nothing_else(wheel):
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", *DATA_SUFFIXES)
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert expected - names == set()
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)


def test_the_wheel_works_without_the_sources(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env/bin/python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-index", wheel], check=True)
    # Its dependencies are the suite's; a path file leads to them, and not to the sources.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = tmp_path / "env/lib" / version / "site-packages"
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for arguments in (["--version"], ["guests"], ["isa", "addw"]):
        done = subprocess.run(
            [tmp_path / "env/bin/trapline", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert done.stdout
    where = subprocess.run(
        [python, "-c", "import isa; print(isa.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path)
