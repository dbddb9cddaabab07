"""The account: cycles by bucket, reasoned by hand with a model of round numbers."""

import json
from collections.abc import Mapping
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.costs import PRESETS, Basis, Cost, CostModel, Refill
from vmm.report import account_table
from vmm.schema import COUNTERS, EXIT_CAUSES, EXIT_NAMES, Bucket
from vmm.stats import FAST_NOTE, LOWER_BOUND_NOTE, RunFacts, account, kernel_misses


def cost(cycles: int) -> Cost:
    return Cost(cycles, Basis.ESTIMATE, "a test")


EXITS: Mapping[str, Cost] = {name: cost(100) for name in EXIT_NAMES if name != "tlb_miss"}
MODEL = CostModel(
    name="round",
    caption="round numbers",
    clock_hz=1,
    bare_refill=Refill.HARDWARE,
    thousand_instructions=cost(1500),
    walk_reference=cost(10),
    software_refill=cost(25),
    tlb_miss=cost(40),
    tlb_fill=cost(200),
    fill_reference=cost(5),
    exits=EXITS,
)


def facts(mode="softtlb", **changes):
    known = {
        "guest": "tick",
        "mode": mode,
        "engine": "interpreter",
        "tlb": "exact, 64 sets of 4",
        "cpu_s": 2.0,
        "wall_s": 2.5,
        "exit_status": 0,
        "stop_reason": "sbi_system_reset",
        "console_sha256": "a" * 64,
        "state_sha256": "b" * 64,
    }
    return RunFacts(**{**known, **changes})


def test_instructions_cost_their_share_of_a_thousand():
    assert account({"instructions": 10_000}, MODEL, facts()).buckets[Bucket.GUEST] == 15_000


def test_hardware_walks_are_guest_execution():
    made = account({"instructions": 1000, "walk_references": 7}, MODEL, facts("bare"))
    assert made.buckets[Bucket.GUEST] == 1570
    assert made.cycles == 1570


def test_a_software_refilled_bare_board_pays_for_misses_not_for_walks():
    counters = {
        "instructions": 1000,
        "walk_references": 7,
        "miss.hart.user": 2,
        "miss.hart.kernel": 1,
    }
    made = account(counters, MODEL, facts("bare"), bare_refill=Refill.SOFTWARE)
    assert made.buckets[Bucket.GUEST] == 1500 + 3 * 25
    assert made.bare_refill == "software"


@pytest.mark.parametrize("cause", EXIT_CAUSES, ids=lambda cause: cause.name)
def test_an_exit_is_charged_to_the_bucket_of_its_cause(cause):
    made = account({f"exit.{cause.name}": 3}, MODEL, facts())
    assert made.exits[cause.name] == 3
    # TLB misses are charged by level, not by exit.
    assert made.buckets[cause.bucket] == (0 if cause.name == "tlb_miss" else 300)


MISSES = {
    "miss.hart.user": 10,
    "miss.hart.kernel": 8,
    "miss.hart.untranslated": 4,
    "miss.second.user": 1,
    "miss.second.kernel": 2,
    "miss.second.untranslated": 3,
    "fill_references.user": 3,
    "fill_references.kernel": 6,
}
USER = 10 * 40 + 200 + 3 * 5
KERNEL = 8 * 40 + 2 * 200 + 6 * 5
UNTRANSLATED = 4 * 40 + 3 * 200


def test_misses_are_reported_by_level():
    assert account(MISSES, MODEL, facts()).tlb_misses == {"hart": 22, "second": 6}


def test_without_a_baseline_only_untranslated_misses_are_kernel_faults():
    made = account(MISSES, MODEL, facts())
    assert made.buckets[Bucket.TLB] == USER + KERNEL
    assert made.buckets[Bucket.KERNEL_TLB] == UNTRANSLATED
    assert made.notes == (LOWER_BOUND_NOTE,)


@pytest.mark.parametrize(("bare", "extra"), [(0, 8), (6, 2), (8, 0), (100, 0)])
def test_with_a_baseline_the_extra_kernel_misses_are_kernel_faults(bare, extra):
    made = account(MISSES, MODEL, facts(), bare_kernel_misses=bare)
    share = KERNEL * extra // 8
    assert made.buckets[Bucket.KERNEL_TLB] == UNTRANSLATED + share
    assert made.buckets[Bucket.TLB] == USER + KERNEL - share
    assert made.notes == ()


def test_the_baseline_of_a_bare_run_is_its_kernel_misses():
    assert kernel_misses({"miss.hart.user": 5, "miss.hart.kernel": 3}) == 3


def test_a_run_without_modelled_tlb_says_so():
    assert account({}, MODEL, facts(is_exact=False)).notes == (FAST_NOTE,)


def test_a_counter_that_the_schema_does_not_name_is_a_bug():
    with pytest.raises(AssertionError, match=r"exits\.csr"):
        account({"exits.csr": 1}, MODEL, facts())


@given(
    counters=st.dictionaries(st.sampled_from(sorted(COUNTERS)), st.integers(0, 1 << 70)),
    model=st.sampled_from([*PRESETS.values(), MODEL]),
    mode=st.sampled_from(["bare", "softtlb"]),
    bare=st.one_of(st.none(), st.integers(0, 1 << 70)),
)
def test_the_buckets_sum_to_the_cycles_and_none_is_negative(counters, model, mode, bare):
    made = account(counters, model, facts(mode), bare_kernel_misses=bare)
    assert sum(made.buckets.values()) == made.cycles
    assert min(made.buckets.values()) >= 0


# --------------------------------------------------------------------------------- JSON, table

REQUIRED_KEYS = {
    "exit_status",
    "instructions",
    "cycles",
    "cpu_s",
    "wall_s",
    "mips",
    "exits",
    "tlb_misses",
    "buckets",
    "console_sha256",
    "state_sha256",
    "stop_reason",
}


def test_the_json_has_the_stable_keys_and_survives_a_round_trip():
    made = account({"instructions": 4_000_000, "exit.csr": 2}, MODEL, facts()).to_json()
    assert set(made) >= REQUIRED_KEYS
    again = json.loads(json.dumps(made))
    assert again == made
    assert again["mips"] == 2.0
    assert again["exits"]["csr"] == 2
    assert set(again["exits"]) == set(EXIT_NAMES)
    assert sum(again["buckets"].values()) == again["cycles"]


def test_a_run_too_short_to_time_has_no_mips():
    assert account({"instructions": 5}, MODEL, facts(cpu_s=0.0)).mips == 0.0


def rendered(*accounts):
    from rich.console import Console

    console = Console(width=120, record=True, file=StringIO())
    console.print(account_table(accounts))
    return console.export_text()


def test_the_table_shows_causes_that_occurred_and_no_others():
    text = rendered(account({"instructions": 1_234_567, "exit.csr": 2}, MODEL, facts()))
    assert "1,234,567" in text
    assert "CSR access" in text
    assert "wfi" not in text
    assert "kernel TLB faults" in text


def test_side_by_side_the_overhead_is_against_the_bare_board():
    bare = account({"instructions": 10_000}, MODEL, facts("bare"))
    boot = account({"instructions": 10_000, "exit.csr": 15}, MODEL, facts(), bare_kernel_misses=0)
    text = rendered(bare, boot)
    assert "+10.0 %" in text  # 1,500 cycles on top of 15,000
    assert "bare" in text
    assert "softtlb" in text


def test_an_account_of_nothing_can_be_shown():
    assert "exit status" in rendered(account({}, MODEL, facts()))
