"""`python -m trapline`: the command, for where its script is not on the path.

The work is in `trapline.cli`.
"""

from trapline.cli import entry_point

if __name__ == "__main__":
    entry_point()
