"""`python -m difftest`: random programs on two sides until the time is over.

Exit status 1 when a difference was found; the programs that show it are saved.
"""

import argparse
import itertools
import random
import sys
import time
from pathlib import Path

from difftest import campaign
from difftest.lockstep import DEFAULT_STEPS
from difftest.sides import SIDES, make_side
from isa.errors import TraplineError


def main() -> int:
    """Run a campaign as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m difftest", description=__doc__)
    parser.add_argument("ours", choices=SIDES)
    parser.add_argument("theirs", choices=SIDES)
    parser.add_argument("--programs", choices=campaign.GENERATORS, default="system")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS, help="of each program")
    parser.add_argument("--stride", type=int, default=1, help="instructions between comparisons")
    parser.add_argument("--seed", default=str(random.SystemRandom().getrandbits(32)))
    parser.add_argument("--save", type=Path, default=Path("build/difftest"), metavar="FOLDER")
    args = parser.parse_args()
    make = campaign.GENERATORS[args.programs]
    end = time.monotonic() + args.seconds
    result = campaign.run(
        (make(f"{args.seed}.{i}") for i in itertools.count()),
        make_side(args.ours),
        make_side(args.theirs),
        steps=args.steps,
        stride=args.stride,
        folder=args.save,
        is_over=lambda result: time.monotonic() > end or len(result.failures) >= 5,
    )
    print(f"seed {args.seed}: {result.programs} programs, {result.steps} instructions, ", end="")
    print(f"{result.traps} traps, {len(result.failures)} differences")
    for failure in result.failures:
        print(failure)
    return 1 if result.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TraplineError as error:
        sys.exit(f"difftest: {error}")
