"""Each measurement at its smallest: it runs, checks what was computed, and names its figures."""

import json

import pytest

from bench import assembler as bench_assembler
from bench import disco, engines, exits, kernels, nano, sched
from bench.__main__ import measurements
from bench._figures import MeasurementError
from bench._subjects import Sample, our_subjects, peers
from bench._workloads import elf, shim_elf
from vmm.elf import read_elf
from vmm.memory import MODES

WORKLOADS = (
    *("intloop", "branchy", "stores", "nullcall", "csr", "sbi", "uart", "clock"),
    *("syscall", "switch", "fault"),
    *("empty", "onefault", "pte", "remap", "csrw", "oneswitch", "ipi", "timer"),
)


def test_helpers_are_no_measurements():
    names = "assembler compiled debugging disco engines exits kernels linker linux nano"
    assert measurements() == [*names.split(), "sched", "startup"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_workload_ends_alike_on_the_bare_board_and_in_a_domain(name):
    consoles = {subject.run(name, 2).console for subject in our_subjects()}
    assert len(consoles) == 1
    assert consoles.pop().startswith(f"{name}: N = 2, checksum 0x")


@pytest.mark.parametrize("name", WORKLOADS[:3])
def test_every_simulator_computes_the_same(name):
    expected = our_subjects()[0].run(name, 1).console
    assert {peer.name: peer.run(name, 1).console for peer in peers()} == {
        peer.name: expected for peer in peers()
    }


def test_the_shim_stands_below_the_guest():
    assert read_elf("sbi", elf("sbi", 1)).entry == 0x80200000
    assert read_elf("sbi", shim_elf("sbi", 1)).entry == 0x80000000


def test_a_simulator_that_computes_something_else_ends_the_measurement():
    class Wrong:
        name = "wrong"

        def run(self, guest: str, n: int) -> Sample:
            return Sample(1.0, "nonsense\n")

    workload = engines.Workload("intloop", 1, 2)
    with pytest.raises(MeasurementError, match="intloop under wrong printed"):
        engines.measure(workload, [our_subjects()[0], Wrong()], 1)


@pytest.mark.parametrize("two_stages", [False, True])
@pytest.mark.parametrize("guest", ["syscall", "switch", "fault"])
def test_workloads_end_well_in_front_of_one_stage_and_of_two(guest, two_stages):
    assert kernels.staged(guest, two_stages, 2) > 0


def test_exits_are_counted_and_reported(capsys):
    exits.main(["--rounds", "1", "--scale", "0.0001"])
    output = capsys.readouterr().out
    for leaving in exits.WORKLOADS:
        assert leaving.what in output


def test_every_operation_is_measured_in_every_mode(tmp_path, capsys):
    file = tmp_path / "nano.json"
    nano.main(["--rounds", "1", "--scale", "0.001", "--json", str(file)])
    output = capsys.readouterr().out
    operations = json.loads(file.read_text())["operations"]
    for operation in nano.OPERATIONS:
        assert operation.what in output
        costs = operations[operation.guest]["modes"]
        assert set(costs) == {"bare", *MODES}
        assert len({cost["instructions"] for cost in costs.values()}) == 1
        assert costs["softtlb"]["cycles"] >= costs["bare"]["cycles"]


def test_schedulers_are_measured_in_little(capsys):
    sched.main(["--milliseconds", "100"])
    output = capsys.readouterr().out
    assert "wake-up" in output
    assert "100 domains of hello" in output


def test_disco_s_experiment_runs_in_little(tmp_path, capsys):
    file = tmp_path / "disco.json"
    assert disco.main(["--scale", "0.01", "--json", str(file)]) == 0
    assert "compile-like" in capsys.readouterr().out
    found = json.loads(file.read_text())
    assert set(found) == {workload.name for workload in disco.WORKLOADS}
    assert found["database"]["sweep"]["1x0"] > found["database"]["sweep"]["1024x4"]


def test_the_assembler_is_measured_on_hand_written_macros(capsys):
    assert bench_assembler.main(["--rounds", "1", "--lines", "60"]) == 0
    assert "macros" in capsys.readouterr().out


def test_every_copy_of_a_source_has_names_of_its_own():
    text = bench_assembler.macro_source(120)
    assert text.count("vector_0:") == text.count("vector_1:") == 1
