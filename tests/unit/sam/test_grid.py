"""Ensembles over seeds x radii x arms: the table, the curves, and checkpoints that survive a kill."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, CheckpointError
from hallucert.sam import Status, driver, each

HIMMELBLAU = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")
STARTS = np.random.default_rng(0).uniform(-4, 4, (6, 2))
DATA = np.random.default_rng(1).normal(size=(12, 2))
NETWORK = hc.TanhNetwork((2, 5, 1), DATA[:8], np.sign(DATA[:8, :1]))


def grid(**options):
    arguments = {"rho": each(0.5, 2, wide="3.5"), "warmup": each(SAM=0, switching=0.3)} | options
    return hc.sam.run_ensemble(HIMMELBLAU, STARTS, step_size=0.003, steps=400, tolerance=1e-3, **arguments)


def test_a_grid_is_its_runs() -> None:
    """Every lane of the grid has the bits of the single run with its seed, radius and arm, and says which they are."""
    ends = grid(seeds=[10, 11, 12, 13, 14, 15])
    assert len(ends) == 6 * 3 * 2
    radii, arms = {"0.5": 0.5, "2": 2, "wide": "3.5"}, {"SAM": 0, "switching": 0.3}
    for i in range(len(ends)):
        start = STARTS[ends.seed[i] - 10]
        settings = {"warmup": arms[ends.arm[i]], "tolerance": 1e-3}
        alone = hc.sam.run(HIMMELBLAU, start, radii[ends.rho[i]], 0.003, 400, **settings)
        assert np.array_equal(alone.x, ends.x[i])
        record = ends.records()[i]
        assert record["sam_value"] == alone.sam_value and record["steps"] == alone.steps
        assert (record["seed"], record["rho"], record["arm"]) == (ends.seed[i], ends.rho[i], ends.arm[i])
    assert len({(r["seed"], r["rho"], r["arm"]) for r in ends.records()}) == len(ends)
    json.dumps(ends.records())


def test_history_of_a_grid() -> None:
    """Kept iterates of all cells stand side by side."""
    ends = grid(every=100)
    for i in (0, 13, 35):
        settings = {"warmup": {"SAM": 0, "switching": 0.3}[ends.arm[i]], "tolerance": 1e-3, "every": 100}
        radius = {"0.5": 0.5, "2": 2, "wide": "3.5"}[ends.rho[i]]
        alone = hc.sam.run(HIMMELBLAU, STARTS[ends.seed[i]], radius, 0.003, 400, **settings)
        rows = alone.steps_kept[:-1].size
        assert np.array_equal(ends.history[:rows, i], alone.history[:-1])
        assert np.array_equal(ends.history[-1, i], alone.x)


def test_curves_are_values_along_the_run() -> None:
    """Curves hold f, f+, |g|, |g+| at multiples of observe_every and at the end, and do not change the run."""
    ends, plain = grid(observe_every=150), grid()
    assert np.array_equal(ends.x, plain.x)
    assert ends.curves.steps.tolist() == [0, 150, 300, 400]
    histories = grid(every=150)
    for row in range(3):
        values = HIMMELBLAU.value(histories.history[row])
        np.testing.assert_array_equal(ends.curves.value[row], values)
    np.testing.assert_array_equal(ends.curves.sam_value[-1], ends.sam_value)
    assert ends.curves.accuracy is None


def test_accuracy_on_held_out_data() -> None:
    """Accuracy is the share of signs (or of largest outputs) that are right."""
    starts, labels = NETWORK.initial(0, count=5), np.sign(DATA[8:, 0]).astype(int)
    ends = hc.sam.run_ensemble(NETWORK, starts, 0.5, 0.05, 50, held_out=(DATA[8:], labels), observe_every=20)
    for i in range(5):
        outputs = NETWORK.predict(ends.x[i], DATA[8:])[:, 0]
        assert ends.accuracy[i] == np.mean((outputs > 0) == (labels > 0)) == ends.records()[i]["accuracy"]
    np.testing.assert_array_equal(ends.curves.accuracy[-1], ends.accuracy)
    three = hc.TanhNetwork((2, 3), DATA, np.arange(12) % 3, loss="cross_entropy")
    x = three.initial(1)
    assert three.accuracy(x, DATA, np.arange(12) % 3) == np.mean(three.predict(x).argmax(1) == np.arange(12) % 3)


def test_a_checkpoint_continues_to_the_same_numbers(tmp_path, monkeypatch) -> None:
    """Stopped by Ctrl-C in the middle and called again, an ensemble ends at the bits of an undisturbed one."""
    options = {"observe_every": 40, "momentum": 0.5}
    reference = grid(**options)
    monkeypatch.setattr(driver, "CALL_SECONDS", 1e-9)
    for stop_after in (25, 700, 1500):

        def interrupt(done: int, total: int, stop_after: int = stop_after) -> None:
            if done > stop_after:
                raise KeyboardInterrupt

        part = grid(checkpoint=tmp_path, progress=interrupt, **options)
        assert Status.INTERRUPTED in part.status
    again = grid(checkpoint=tmp_path, **options)
    assert str(again.records()) == str(reference.records())
    for name in ("value", "sam_value", "gradient_norm", "shifted_gradient_norm"):
        np.testing.assert_array_equal(getattr(again.curves, name), getattr(reference.curves, name))
    assert str(grid(checkpoint=tmp_path, **options).records()) == str(reference.records())


SCRIPT = """
import sys, numpy as np, hallucert as hc
from hallucert.sam import driver, each
driver.SAVE_SECONDS = 0.0
driver.CALL_SECONDS = 0.001
x = np.random.default_rng(0).normal(size=(8, 2))
f = hc.TanhNetwork((2, 5, 1), x, np.sign(x[:, :1]))
ends = hc.sam.run_ensemble(
    f, f.initial(0, count=20), each(0.5, 2), 0.05, 4000, each(SAM=0, switching=0.1), checkpoint=sys.argv[1],
    observe_every=500, tolerance=0,
)
for record in ends.records():
    print(record)
print(ends.curves.value.tobytes().hex())
"""


@pytest.mark.thorough
def test_a_killed_run_goes_on(tmp_path, monkeypatch) -> None:
    """SIGKILL at three moments, started again: the table and curves of an undisturbed process, to the last bit."""
    for name in ("SAVE_SECONDS", "CALL_SECONDS"):
        monkeypatch.setattr(driver, name, getattr(driver, name))  # the script changes them

    def whole(folder):
        """Run the script in this process."""
        monkeypatch.setattr(sys, "argv", ["", str(folder)])
        with redirect_stdout(io.StringIO()) as printed:
            exec(SCRIPT, {})
        return printed.getvalue()

    expected = whole(tmp_path / "whole")
    killed = tmp_path / "killed"
    files = 0
    for delay in (0.05, 0.15, 0.25):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(killed)], stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(killed.glob("*.json"))) <= files:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        files = min(len(list(killed.glob("*.json"))), 3)
    assert whole(killed) == expected and len(expected) > 1000


def test_a_checkpoint_of_another_run_is_refused(tmp_path) -> None:
    """Other starts, data or settings: CheckpointError, and the files stay as they are."""
    grid(checkpoint=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for change in ({"momentum": 0.1}, {"rho": each(0.5, 2.1, 3)}, {"bound": 1e6}, {"observe_every": 7}):
        with pytest.raises(CheckpointError, match="another run"):
            grid(checkpoint=tmp_path, **change)
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_damaged_and_unwritable_checkpoints(tmp_path) -> None:
    """A truncated file and a folder that cannot be made are typed errors that say what to do."""
    grid(checkpoint=tmp_path)
    file = tmp_path / "cell-0000.json"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="delete it"):
        grid(checkpoint=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be made"):
        grid(checkpoint=tmp_path / "file" / "folder")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"checkpoint": "somewhere", "every": 3}, "every"),
        ({"seeds": [1, 2]}, "seeds"),
        ({"seeds": [0.5] * 6}, "seeds"),
        ({"held_out": (DATA, np.ones(12))}, "held_out"),
        ({"batch_size": 3}, "batch_size"),
        ({"dtype": "float32"}, "dtype"),
        ({"dtype": "float16"}, "dtype"),
        ({"observe_every": 0}, "observe_every"),
        ({"warmup": each(2)}, "warmup"),
        ({"rho": each(-1)}, "rho"),
    ],
)
def test_misuse(options, name) -> None:
    """A typed error names the argument."""
    with pytest.raises(ArgumentError, match=name):
        grid(**options)


@pytest.mark.parametrize("held_out", [DATA, (DATA, DATA), (DATA, np.zeros(12)), (DATA[:, :1], np.ones(12))])
def test_misuse_of_held_out(held_out) -> None:
    """Held-out data must be inputs and labels that fit the network."""
    with pytest.raises(ArgumentError, match="held_out"):
        hc.sam.run_ensemble(NETWORK, NETWORK.initial(0, count=2), 0.5, 0.05, 5, held_out=held_out)


@pytest.mark.parametrize("values", [(), (1, "1")])
def test_misuse_of_each(values) -> None:
    """Settings must have different names, and there must be one."""
    with pytest.raises(ArgumentError, match="different names"):
        each(*values)
