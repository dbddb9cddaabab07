"""What a measurement makes of its figures."""

import pytest

from bench._figures import Figure, conclude, table


@pytest.mark.parametrize(
    ("value", "bounds", "is_reached"),
    [
        (250.0, {"at_least": 250}, True),
        (249.9, {"at_least": 250}, False),
        (1.5, {"at_most": 1.5}, True),
        (1.6, {"at_most": 1.5}, False),
        (1.0, {}, True),
        (None, {}, True),
        (None, {"at_least": 1}, False),
    ],
)
def test_a_figure_is_reached_within_its_bounds(value, bounds, is_reached):
    assert Figure("speed", value, "MIPS", **bounds).is_reached is is_reached


def test_a_missed_figure_fails_the_measurement_and_is_named(capsys):
    figures = [Figure("fast", 10.0, "/s", at_least=5), Figure("slow", 1.0, "/s", at_least=5)]
    assert conclude(figures) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["reached", "MISSED"]


def test_figures_that_only_inform_fail_nothing(capsys):
    assert conclude([Figure("size", 3.0, "MiB"), Figure("gone", None)]) == 0
    assert "not measured" in capsys.readouterr().out


def test_a_table_has_its_first_column_to_the_left_and_the_others_to_the_right():
    assert table([("name", "value"), ("a", "1")]) == "name  value\na         1"
