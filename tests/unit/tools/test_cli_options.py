"""Claim: whatever an option or argument of the command line is given, the status is an answer or 2, with one line."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

import hallucert as hc
from hallucert.tools import cli, demo, study

pytestmark = pytest.mark.thorough

GROUP = typer.main.get_command(cli.app)
WELL = "(x**2 - 1)**2/4 + y**2/20"
ENOUGH: dict[str, list[str]] = {
    "demo": [],
    "certify": [WELL, "--rho=1.5", "--at=-0.5,0"],
    "census": [WELL, "--rho=1", "--box=0,1,0,1", "--budget=1e-9"],
    "diagram": [WELL, "--target=1,0", "--box=-0.51,-0.5,0.1,0.11", "--budget=1e-9"],
    "verify": ["no-such-file.json"],
    "export": ["no-such-file.json"],
    "plot": ["no-such-file.json"],
    "diagnose": [WELL, "--rho=1", "--at=1,2"],
    "study": ["--data=tiny", "--quick", "--seeds=1", "--rho=1", "--json"],
    "gallery": ["ring"],
    "find": [WELL, "--rho=1.5", "--at=-0.5,0"],
    "branch": [WELL, "--target=1,0", "--start=0,0", "--rho-max=1.2", "--budget=1e-9"],
    "sheet": ["x**2 + y**2 - 1", "--start=-0.49,0.1", "--rho=1.5", "--box=-0.5,-0.48,0,0.2", "--budget=1e-9"],
    "safe-radius": [WELL, "--target=1,0", "--budget=1e-9"],
    "critical-rho": [WELL, "--target=1,0", "--budget=1e-9"],
    "basins": [WELL, "--rho=1.5", "--step-size=0.1", "--box=-1,1,-1,1", "--depth=1", "--budget=1e-9"],
    "two-cycle": [WELL, "--start=1.1,0.1", "--rho=0.5", "--step-size=0.25", "--steps=200"],
    "prevalence": [WELL, "--rho=1.5", "--step-size=0.1", "--box=-1,1,-1,1", "--runs=2", "--steps=5"],
}
"""For each command, words with which it ends soon."""

WITH = {
    "certify --start": ["--basin=1"],
    "--momentum": ["--basin=1"],
    "--scales": ["--variant=asam"],
    "--dimension": ["--gallery=cosine_lattice"],
}
WITHOUT = {"--target": ["--at"], "--gallery": [WELL], "--dimension": [WELL], "--residual": [WELL]}
"""What an option goes with, and what it takes the place of."""

NASTY = [
    "", " ", "0", "-0", "-1", "1e400", "-1e400,0", "0,1e400", "1e-400", "1e9999", "1e99999", "1e1000000000", "10**400",
    "9" * 5000, "1/" + "9" * 1900, "0." + "0" * 3000 + "1", "1/0", "1/3/5", "nan", "inf", "-Infinity", "0x10", "1_000",
    "\u0661", "\u00bd", "1,2,", "1;2", "1+2j", "None", "[]", "\0", "\ud800", "\U0001f986", "\x1b[2J", "(" * 300,
    "..", "no/such/folder/f", "%s{}", "1\n2", "--json", "9**9**9", "ln(x)", "1e400,1e400,1e400,1e400",
]  # fmt: skip


def takers() -> list[tuple[str, Any]]:
    """Return every parameter of every command that takes a value, whatever there is."""
    return [
        (name, parameter)
        for name, command in GROUP.commands.items()
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
    ]


def words(command: str, parameter: Any, value: str) -> list[str]:
    """Return a command line that gives a parameter a value, and the others what they need."""
    if parameter.param_type_name == "argument":
        return [command, *[word for word in ENOUGH[command] if word.startswith("--")], "--", value]
    option = parameter.opts[0]
    instead = {option, *WITHOUT.get(option, ())}
    kept = [word for word in ENOUGH[command] if word.partition("=")[0] not in instead]
    return [command, *kept, *WITH.get(option, ()), *WITH.get(f"{command} {option}", ()), f"{option}={value}"]


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives its first answer for ever."""
    kept: list[Any] = []

    def call(*arguments: Any, **settings: Any) -> Any:
        if not kept:
            kept.append(function(*arguments, **settings))
        return kept[0]

    return call


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave out what takes long and looks at no option: parsers made anew, training, pictures, the demonstration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "app", lambda args, **settings: GROUP.main(args=args, **settings))
    monkeypatch.setattr(demo, "SCENARIOS", ())
    monkeypatch.setattr(demo, "_print_summary", lambda *_: None)
    tiny = study.ARENAS["tiny"]
    monkeypatch.setitem(study.ARENAS, "tiny", lambda quick: replace(tiny(quick), steps=1))
    monkeypatch.setattr(study, "_evaluated", lambda *_: {})


@pytest.mark.parametrize(("command", "parameter"), [pytest.param(*p, id=f"{p[0]}-{p[1].name}") for p in takers()])
def test_every_option_takes_or_refuses_every_value(
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    parameter: Any,
) -> None:
    """Status 0, 1 or 2, no traceback, and for 2 one short line: an answer is never the status of a crash."""
    if parameter.name == "save" and command in ("certify", "census", "diagram"):
        monkeypatch.setattr(hc, command, once(getattr(hc, command)))
    for value in NASTY:
        with pytest.raises(SystemExit) as stop:
            cli.main(words(command, parameter, value))
        err = capsys.readouterr().err
        assert stop.value.code in (0, 1, 2) and "Traceback" not in err, (value[:40], err)
        if stop.value.code == 2:
            assert err.startswith("hallucert: ") and err.count("\n") == 1 and len(err) < 550, (value[:40], err)


@pytest.mark.parametrize("command", sorted(ENOUGH))
def test_the_words_with_which_a_command_runs_are_no_misuse(quick: None, command: str) -> None:
    """Otherwise the test above would see nothing but the same refusal."""
    with pytest.raises(SystemExit) as stop:
        cli.main([command, *ENOUGH[command]])
    assert stop.value.code in ((2,) if command in ("verify", "export", "plot") else (0, 1))
    assert set(ENOUGH) == set(GROUP.commands)


@pytest.mark.parametrize("command", [[], *([name] for name in sorted(ENOUGH))])
def test_h_is_help(quick: None, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    """``-h`` prints what ``--help`` prints, everywhere."""
    printed = []
    for option in ("-h", "--help"):
        with pytest.raises(SystemExit) as stop:
            cli.main([*command, option])
        assert stop.value.code == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "Usage: hallucert" in printed[0]


def test_a_formula_may_begin_with_minus_h(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable h with a sign is no option."""
    for words in (["-h**2 + x"], ["--", "-h"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(["diagnose", "--rho=1", "--at=1" + ",1" * ("x" in words[0]), *words])
        assert stop.value.code == 0 and "Usage" not in capsys.readouterr().out


@pytest.mark.parametrize("error", [OverflowError("too large"), ValueError("of ours"), AssertionError(), KeyError("a")])
def test_an_error_of_the_program_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """What nobody foresaw ends with status 70 and a traceback, neither with 1, "not proved", nor with 2."""

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("hallucert.verify", broken)
    with pytest.raises(SystemExit) as stop:
        cli.main(["verify", "x.json"])
    err = capsys.readouterr().err
    assert stop.value.code == 70 and "Traceback" in err and type(error).__name__ in err.splitlines()[-1]


def saved(name: str, *options: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["certify", WELL, "--rho=1.5", "--at=-0.5,0", f"--save={name}", *options])
    return int(stop.value.code or 0)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_what_stdout_cannot_encode_is_escaped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str) -> None:
    """The proof is printed, the file written, and the status is that of the proof."""
    monkeypatch.chdir(tmp_path)
    name = "\u043f\u0443\u0442\u044c-\udcff.json" if sys.platform == "linux" else "\u043f.json"
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert saved(name) == 0 and os.listdir(tmp_path) == [name]
    text = stdout.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "hallucinated_minimizer" in text and (encoding == "utf-8" or "\\u043f" in text)


@pytest.mark.parametrize("words", [["gallery"], ["gallery", "--json"], ["verify", "nowhere.json", "--json"], ["-h"]])
def test_a_reader_that_has_gone_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Nothing is printed but the one line of a misuse, and its status stays."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit) as stop:
            cli.main(words)
    misuse = words[0] == "verify"
    assert stop.value.code == (2 if misuse else 141) and capsys.readouterr().err.count("\n") == misuse


def test_without_stdout_a_certificate_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python has no stdout where the shell closed it (``>&-``)."""
    monkeypatch.setattr(sys, "stdout", None)
    assert saved(str(tmp_path / "x.json")) == 0 and (tmp_path / "x.json").stat().st_size > 1000


def test_a_certificate_goes_into_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--save >(command)`` is an open pipe of the process, which is written into."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        with os.fdopen(writing, "wb"):
            assert saved(f"/dev/fd/{writing}", "--json") == 0
        assert b'"hallucert-certificate"' in pipe.read()


def test_several_certificates_do_not_go_into_one_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are files made beside it: numbered names beside ``/dev/stdout`` are not what was meant."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SystemExit) as stop:
        cli.main(["certify", "(x**2 - 1)**2 + (y**2 - 1)**2", "--rho=2.2", "--target=1,1", f"--save={tmp_path}/pipe"])
    assert stop.value.code == 2 and "there are 3 certificates" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["pipe"]


def refused_save(capsys: pytest.CaptureFixture[str], path: object) -> str:
    assert saved(str(path)) == 2
    err = capsys.readouterr().err
    assert err.startswith("hallucert: --save must") and err.count("\n") == 1
    return err


def test_where_nothing_can_be_saved_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders, sockets, files without folders, links in a circle; and the proof is not begun."""
    import socket

    def proof(*_: object, **__: object) -> None:
        raise AssertionError("a proof was begun")

    monkeypatch.setattr("hallucert.certify", proof)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "dangling").symlink_to("nowhere/x.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name in (".", "nowhere/x.json", "circle", "dangling", "socket", "circle/x.json", "x" * 300):
            assert name[:40] in refused_save(capsys, name)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["census", WELL, "--rho=17/10", "--box=-7/10,0.5,-1,1"], "--box"),
        (["certify", WELL, "--rho=1", "--at=1,2,3"], "--at"),
        (["certify", "--gallery=himmelblo", "--rho=1"], "--gallery"),
        (["diagnose", WELL, "--rho=0", "--at=1,2"], "--rho"),
    ],
)
def test_messages_name_the_option_that_was_wrong(words, option, capsys):
    """An argument that a function refuses is named as the option that it came from."""
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(f"hallucert: {option} must ")
