"""The constants that the kernels use are those of the tables."""

import re

import pytest

from guests import generate
from guests.catalog import INCLUDE
from vmm.hypercalls.sbi import SbiTable


def constants(filename: str) -> dict[str, int]:
    """Give the `.equ`s of an include file."""
    text = (INCLUDE / filename).read_text()
    found = re.findall(r"^\.equ (\w+), +(\w+)", text, re.MULTILINE)
    return {name: int(value, 0) for name, value in found}


def test_the_generated_file_is_fresh():
    assert generate.TARGET.read_text() == generate.render(), "run python -m guests.generate"


@pytest.mark.parametrize(
    ("extension", "function"),
    [
        ("BASE", "PROBE_EXTENSION"),
        ("TIME", "SET_TIMER"),
        ("SRST", "SYSTEM_RESET"),
        ("DBCN", "CONSOLE_WRITE"),
    ],
)
def test_sbi_numbers_are_those_that_the_monitor_implements(extension: str, function: str):
    numbers = constants("sbi.inc")
    known = SbiTable().extensions[numbers[f"SBI_{extension}"]]
    handler = known.functions[numbers[f"SBI_{extension}_{function}"]]
    assert known.name == extension
    assert handler.__name__ in function.lower()


def test_status_fields_are_single_bits_of_the_manual():
    fields = generate.sstatus_fields()
    assert fields == {
        "SSTATUS_SIE": 1 << 1,
        "SSTATUS_SPIE": 1 << 5,
        "SSTATUS_SPP": 1 << 8,
        "SSTATUS_SUM": 1 << 18,
        "SSTATUS_MXR": 1 << 19,
    }


def test_satp_is_laid_out_as_the_manual_says():
    assert generate.satp_fields() == {
        "SATP_MODE_SV39": 8,
        "SATP_MODE_SHIFT": 60,
        "SATP_ASID_SHIFT": 44,
        "SATP_ASID_BITS": 16,
    }
