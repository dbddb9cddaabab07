"""Run the measurements: `python -m bench [NAME ...]`, each in a process of its own.

A measurement is a module of this package that can be run by itself; its exit status is non-zero
when a figure that must be reached was missed. Modules whose name begins with `_` are helpers.
"""

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def measurements() -> list[str]:
    """List the names of all measurements."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def main() -> int:
    """Run the measurements named on the command line, by default all; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the published figures.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(measurements()))
    chosen = parser.parse_args().names or measurements()
    unknown = sorted(set(chosen) - set(measurements()))
    if unknown:
        parser.error(f"no measurement is called {', '.join(unknown)}")
    failed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} measurements reached their figures")
    for name in failed:
        print(f"failed: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
