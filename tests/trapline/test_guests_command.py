"""`trapline guests`: the list of what can be booted.

The facts are compared with the catalog.
"""

import guests
from trapline.cli import main


def test_every_guest_is_listed_with_its_title(capsys):
    assert main(["guests"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for guest in guests.catalog():
        line = next(line for line in lines if line.split()[0] == guest.name)
        assert guest.title in line
