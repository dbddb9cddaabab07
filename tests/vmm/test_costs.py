"""The cost presets: complete, grounded, and open to variation."""

from fractions import Fraction

import pytest

from isa.errors import TraplineError
from vmm.costs import DEFAULT_PRESET, PRESETS, Basis, preset
from vmm.schema import EXIT_NAMES

every_preset = pytest.mark.parametrize("model", PRESETS.values(), ids=lambda model: model.name)


@every_preset
def test_every_cause_but_the_tlb_miss_has_a_cost(model):
    assert set(model.exits) == set(EXIT_NAMES) - {"tlb_miss"}


@every_preset
def test_every_cost_is_a_positive_number_with_a_reason(model):
    assert all(cost.cycles > 0 and len(cost.why) > 5 for cost in model.costs().values())


@every_preset
def test_every_cost_of_machine_events_can_be_halved_and_doubled(model):
    variations = list(model.variations())
    assert len(variations) == 2 * len(model.costs())
    for name, factor, varied in variations:
        for other, cost in varied.costs().items():
            expected = model.costs()[other].cycles * (factor if other == name else 1)
            assert abs(cost.cycles - expected) <= Fraction(1, 2)


def test_the_published_and_derived_numbers_are_those_of_the_paper():
    costs = PRESETS["2006"].costs()
    assert costs["exits.system_call"].cycles == 2000
    assert costs["exits.page_fault"].cycles == 3927 - 1093
    assert costs["exits.exception"].cycles == 3223 - 889
    assert costs["exits.csr"].cycles == 889 + 216


@pytest.mark.parametrize("name", ["1997", "today"])
def test_presets_without_published_numbers_claim_none(name):
    assert {cost.basis for cost in PRESETS[name].costs().values()} == {Basis.ESTIMATE}


def test_presets_are_found_by_name():
    assert preset(DEFAULT_PRESET).name == DEFAULT_PRESET
    with pytest.raises(TraplineError, match="no cost preset 'vax': there are 1997, 2006, today"):
        preset("vax")
