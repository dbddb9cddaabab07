r"""A pytest plug-in: the fixture `vm`, which makes machines to talk to.

def test_the_shell_answers(vm):
shell = vm("monolith", mode="softtlb").until(console="$ ")
assert "hello" in shell.type("echo hello\n").until(console="$ ").text
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trapline.vm import Vm


@pytest.fixture
def vm() -> "Iterator[Callable[..., Vm]]":
    """Give what makes a machine with a guest: `vm(guest, mode=..., **options)`, `bare` too."""
    from trapline.settings import BARE, SOFTTLB
    from trapline.vm import boot, run

    made: list[Vm] = []

    def make(guest: str, *, mode: str = SOFTTLB, **options: Any) -> "Vm":
        made.append(run(guest, **options) if mode == BARE else boot(guest, mode=mode, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
