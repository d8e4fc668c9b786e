"""One progress: long work shows a line on a terminal, and only there. Timers of tests fire at once, or never."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest

import hallucert as hc
from hallucert import progress
from hallucert.clock import shown, working
from hallucert.errors import ArgumentError
from hallucert.sam.runs import without_step

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
BOX = [(-2, 2), (-1, 1)]
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
ARC = hc.find.sheet(RING, (0.4, 0.3), "1.5", max_steps=2)
SADDLE = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


class AtOnce:
    """A timer that fires when it is started."""

    def __init__(self, seconds, call):
        self.call, self.cancelled = call, False

    def start(self):
        self.call()

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def terminal(monkeypatch):
    """From a call of this on standard error is a terminal, and work takes long from the start."""

    def begin():  # within the test: before it the capture of the tests takes the stream
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(progress, "Timer", AtOnce)
        monkeypatch.setenv("TERM", "xterm")
        return stream

    return begin


LONG = {
    "certify": (lambda **p: hc.certify(WELL, (-0.5, 0), "1.5", **p), "claim"),
    "verify": (lambda **p: hc.verify(hc.certify(WELL, (-0.5, 0), "1.5", progress=False), **p), "claim"),
    "census": (lambda **p: hc.census(WELL, BOX, "1.5", workers=1, **p), "sphere"),
    "diagram": (lambda **p: hc.diagram(WELL, (1, 0), BOX, max_boxes=20, **p), "cells"),
    "safe_radius": (lambda **p: hc.safe_radius(WELL, (1, 0), **p), "boxes"),
    "critical_rho": (lambda **p: hc.critical_rho(WELL, (1, 0), **p), "boxes"),
    "certify_stall": (lambda **p: hc.certify_stall(SADDLE, (0.001, -0.5), "1.5", **p), "boxes"),
    "sheet": (lambda **p: hc.find.sheet(RING, (0.4, 0.3), "1.5", **p), "steps along the curve"),
    "hallucinate": (lambda **p: hc.find.hallucinate(RING, (0.2, 0.4), "1.5", **p), "Levenberg"),
    "refine": (lambda **p: hc.find.refine(WELL, (-0.45, 0.01), "1.5", **p), "Newton"),
    "on_sphere": (lambda **p: hc.find.on_sphere(WELL, (1, 0), "1.5", **p), "points polished"),
    "on_sphere of USAM": (lambda **p: hc.find.on_sphere(WELL, (1, 0), "5", variant="usam", **p), "points classified"),
    "diagnose": (lambda **p: hc.diagnose(WELL, (-0.5, 0), "1.5", **p), "spectra"),
    "critical_points": (lambda **p: hc.find.critical_points(WELL, BOX, **p), "rounds"),
    "branch": (lambda **p: hc.find.branch(WELL, (-1, 0), (1, 0), rho_max=2, **p), "steps along the curve"),
    "branches": (lambda **p: hc.find.branches(WELL, (1, 0), BOX, **p), "steps along the curve"),
    "certified sheet": (lambda **p: hc.certify(ARC, **p), "cells"),
}
RUNS = {
    "run": lambda **p: hc.sam.run(WELL, (-0.6, 0.3), "1.5", 0.1, 300, **p),
    "run_ensemble": lambda **p: hc.sam.run_ensemble(WELL, [(-0.6, 0.3)], "1.5", 0.1, 300, **p),
}


@pytest.mark.parametrize("name", [*LONG, *RUNS])
def test_long_work_is_shown_on_a_terminal(name, terminal, capsys):
    """Whatever takes long says on standard error what it does, takes the line away, and prints nothing else."""
    work, word = LONG[name] if name in LONG else (RUNS[name], "SAM steps")
    stream = terminal()
    work()
    written = stream.getvalue()
    assert word in written and written.rstrip().endswith("\x1b[2K")  # the line is erased
    assert not capsys.readouterr().out and not progress._Line.free.locked()


@pytest.mark.parametrize("name", ["certify", "verify", "census", "safe_radius", "sheet", *RUNS])
def test_nothing_is_printed_elsewhere(name, monkeypatch, capfd):
    """Where standard error is no terminal, nothing is printed and no timer is even made."""
    monkeypatch.setattr(progress, "Timer", None)
    (LONG[name][0] if name in LONG else RUNS[name])()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", LONG)
def test_a_function_gets_steps(name):
    """A function of the caller's gets the step, how much of it is done, never more than all of it."""
    calls = []
    LONG[name][0](progress=lambda *call: calls.append(call))
    assert calls and all(type(step) is str and done >= 0 for step, done, _ in calls)
    assert all(total is None or done <= total for _, done, total in calls)


@pytest.mark.parametrize("name", LONG)
def test_stopped_work_leaves_the_terminal_as_it_was(name, terminal):
    """Ctrl-C goes through, and afterwards the line is gone, the cursor there, and another line can come."""

    def stop(*_):
        raise KeyboardInterrupt

    stream = terminal()
    with pytest.raises(KeyboardInterrupt), working() as clock:
        clock.tell("outer", 0)
        LONG[name][0](progress=stop)
    written = stream.getvalue()
    assert "outer" in written and written.count("\x1b[?25l") == written.count("\x1b[?25h") > 0
    assert not progress._Line.free.locked()


def test_short_work_shows_nothing(terminal, monkeypatch):
    """A timer that has not fired when the work ends is cancelled, and shows nothing if it fires in that moment."""
    timers = []

    class Late(AtOnce):
        def start(self):
            timers.append(self)

    stream = terminal()
    monkeypatch.setattr(progress, "Timer", Late)
    hc.certify(WELL, (-0.5, 0), "1.5")
    (timer,) = timers
    timer.call()
    assert timer.cancelled and stream.getvalue() == ""


def test_work_within_work_shows_one_line(terminal):
    """Inner work has no line of its own, and the outer line is there until the outer work ends."""
    terminal()
    with shown(None) as outer:
        with shown(None) as inner, shown(True) as asked:
            assert inner is None and asked is None
        assert outer is not None and progress._Line.free.locked()


def test_what_is_left_falls_evenly_between_the_parts(monkeypatch):
    """Two of eight parts in 10 s leave 30 s; 4 s later 26, 40 s later 0; the third after 16 s leaves 5 times 16/3."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    line = progress._Line(stays=False)
    line.report("parts", 0, 8)
    assert line.left == ""
    for at, done, said in [(10, 2, "30"), (14, 2, "26"), (50, 2, "0"), (16, 3, "27")]:
        now[0] = 100.0 + at
        line.report("parts", done, 8)
        assert line.left == f", about {said} s left"
    line.report("others", 3, 8)
    assert line.left == ""


def test_true_shows_a_line_anywhere_and_keeps_it(capsys):
    """progress=True prints what was done also into a file."""
    with shown(True) as report:
        report("counting [sheep]", 3, 4)
    assert "counting [sheep]" in (text := capsys.readouterr().err) and "3/4" in text


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_standard_error_is_no_terminal(stream, monkeypatch):
    """Without a standard error, or with a closed one, work is done in silence."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed if stream else None)
    with shown(None) as report:
        assert report is None


@pytest.mark.parametrize("wrong", [1, "yes", np.True_, []])
def test_progress_is_a_bool_or_a_function(wrong):
    """Anything else is refused by its name."""
    for work in (lambda: LONG["certify"][0](progress=wrong), lambda: without_step(wrong)):
        with pytest.raises(ArgumentError, match=r"^progress must be"):
            work()


def test_the_command_line_shows_the_same_on_a_real_terminal():
    """`hallucert census --json` prints JSON alone on stdout, while the pseudo-terminal on stderr gets the line."""
    code = (
        "import sys, hallucert.progress as p\n"
        "class AtOnce:\n"
        "    def __init__(self, seconds, call): self.start = call\n"
        "    def cancel(self): pass\n"
        "p.Timer = AtOnce\n"
        "from hallucert.tools.cli import main\n"
        "sys.argv[1:] = ['census', '(x**2 - 1)**2/4 + y**2/20', '--rho', '1.5', '--box', '-2,2,-1,1', '--json']\n"
        "main()\n"
    )
    master, slave = os.openpty()
    environment = os.environ | {"TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=slave, env=environment, check=True
    )
    os.close(slave)
    written = os.read(master, 65536).decode()
    os.close(master)
    assert "sphere" in written and done.stdout.lstrip().startswith(b"{")
