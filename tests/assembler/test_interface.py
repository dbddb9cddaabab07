"""The package's own functions, as scripts use them."""

import assembler

SOURCE = ".globl _start\n_start: nop\n"
SCRIPT = "SECTIONS { . = 0x1000; .text : { *(.text) } }"


def test_one_process_can_link_twice():
    images = [
        assembler.link([assembler.assemble(SOURCE)], script=SCRIPT).to_bytes() for _ in range(2)
    ]
    assert images[0] == images[1]
