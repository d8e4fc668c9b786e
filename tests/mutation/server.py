"""Runs tests against mutants, each in a fork of a process that has collected all tests and run them once.

That first run says how long each test takes and which functions it enters, and compiles what is compiled. In the fork
every function made from the module's source gets the code and the defaults that it has in the mutated source, and names
of the module are bound to their new values wherever they were imported.
"""

from __future__ import annotations

import functools
import gc
import mmap
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

OPTIONS = (
    *("-q", "-s", "-n", "0", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
"""Of pytest: one process, and nothing written."""

PATIENCE = 10.0, 3.0, 60
"""A test that takes longer than this many times what it took, and so many seconds, is stopped, and what a mutant takes
on the clock after the third: the mutant is killed."""

KEPT = tuple(f"hallucert.{room}" for room in ("objectives", "sam", "find", "diagnosis"))
"""What these keep does not depend on the trusted room: it is compiled once for all mutants."""


class Tests:
    """Collected tests: by name the seconds of each, and the functions that it enters, as ``file:Class.method``."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        from _pytest.config import _prepareconfig
        from _pytest.main import Session

        self.root = root
        self.room = str(root / "hallucert")
        self.seconds: dict[str, float] = {}
        self.entered: defaultdict[object, set[str]] = defaultdict(set)
        self.spent: defaultdict[object, float] = defaultdict(float)
        self.reach: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.now: object = None
        _settle()
        config = _prepareconfig([*OPTIONS, *(str(root / name) for name in names)], plugins=[self])
        config._do_configure()
        session = Session.from_config(config)
        config.hook.pytest_sessionstart(session=session)
        config.hook.pytest_collection(session=session)
        self.items = {item.nodeid: item for item in session.items}
        self._run_once(session.items)
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and found.__code__.co_filename.startswith(self.room):
                self.functions[found.__code__.co_filename].append(found)
        for cached in _caches(f"{root}"):
            cached.cache_clear()
        gc.collect()
        gc.freeze()

    def _run_once(self, items: list[Any]) -> None:
        kept = _caches(f"{self.root}/tests")
        for item, following in zip(items, [*items[1:], None], strict=True):
            for cached in kept:
                cached.cache_clear()
            self.now = item.nodeid
            sys.settrace(self._trace)
            started = time.process_time()
            passed = _passes(item, following)
            self.seconds[item.nodeid] = time.process_time() - started
            sys.settrace(None)
            if not passed:
                print(f"left out, does not pass: {item.nodeid}", flush=True)
                del self.items[item.nodeid]
                continue
            of_others = [f for found in item._fixtureinfo.name2fixturedefs.values() for f in found if f in self.entered]
            self.seconds[item.nodeid] += sum(self.spent[fixture] for fixture in of_others)
            entered = self.entered[item.nodeid].union(*(self.entered[fixture] for fixture in of_others))
            for name in entered or [":"]:
                path, scope = name.replace(".<locals>", "").split(":")
                self.reach[f"{path}:{scope}"][item.nodeid] = self.reach[f"{path}:"][item.nodeid] = None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture enters counts for all tests that ask for it."""
        before, self.now = self.now, fixturedef
        started = time.process_time()
        yield
        self.spent[fixturedef] = time.process_time() - started
        self.now = before

    def _trace(self, frame: Any, event: str, _: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(self.room):
            self.entered[self.now].add(f"{code.co_filename}:{code.co_qualname}")

    def entering(self, path: str, scope: str) -> list[str]:
        """Name the tests that enter a function; where it stands in none, any of the file, and those that enter none."""
        whole = self.reach[f"{self.root / path}:"]
        entering = self.reach[f"{self.root / path}:{scope}"] if scope else whole and whole | self.reach[":"]
        return list(entering or whole)

    def killer(self, path: str, code: CodeType, names: Sequence[str]) -> str | None:
        """Run tests against a mutated module until one fails, and name it."""
        if not names:
            return None
        at = mmap.mmap(-1, 8)
        child = os.fork()
        if not child:
            try:
                _limit_this_process()
                self._patch(path, code)
                for i, name in enumerate(names):
                    at[:] = i.to_bytes(8, "big")
                    signal.setitimer(signal.ITIMER_PROF, PATIENCE[0] * self.seconds[name] + PATIENCE[1])
                    following = self.items[names[i + 1]] if i + 1 < len(names) else None
                    if not _passes(self.items[name], following):
                        os._exit(1)
            except BaseException:
                os._exit(1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        return names[int.from_bytes(at[:], "big")] if status else None

    def _patch(self, path: str, code: CodeType) -> None:
        """Let a module be what it is in other code."""
        name = str(self.root / path)
        module = next(m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == name)
        kept = ("__name__", "__file__", "__package__", "__spec__", "__loader__")
        new = {key: vars(module)[key] for key in kept}
        exec(code, new)
        old_places = _places(compile(Path(name).read_text(encoding="utf-8"), name, "exec", dont_inherit=True))
        codes = {place: c for c, place in _places(code).items()}
        made = {f.__code__: f for f in gc.get_objects() if isinstance(f, FunctionType) and f.__globals__ is new}
        before: dict[object, FunctionType] = {}
        for function in self.functions[name]:
            changed = codes.get(old_places.get(function.__code__, ()))
            if changed is not None and changed.co_freevars == function.__code__.co_freevars:  # or what makes it is
                if changed in made:
                    before[made[changed]] = function
                    function.__defaults__ = made[changed].__defaults__
                    function.__kwdefaults__ = made[changed].__kwdefaults__
                function.__code__ = changed
        others = [
            vars(m) for m in list(sys.modules.values()) if str(getattr(m, "__file__", "")).startswith(str(self.root))
        ]
        for key, value in new.items():
            old = vars(module).get(key)
            if isinstance(value, type):
                if value is not old and isinstance(old, type):
                    _change_class(old, value)
            elif key not in kept and not isinstance(value, FunctionType | ModuleType) and type(value) is not object:
                _rebind(key, old, value, others, before)


def _caches(place: str) -> list[Any]:
    """List what keeps answers of functions that are made in some files."""
    found = [f for f in gc.get_objects() if isinstance(f, functools._lru_cache_wrapper)]
    found = [f for f in found if isinstance(f.__wrapped__, FunctionType) and not f.__module__.startswith(KEPT)]
    return [f for f in found if f.__wrapped__.__code__.co_filename.startswith(place)]


def _rebind(
    key: str, old: object, value: object, others: list[dict[str, Any]], before: dict[object, FunctionType]
) -> None:
    """Let a name have another value wherever it has the old one, and what holds that hold what the new one does.

    Functions stay those of the module, `before`, which have the new code: a test may change what they find there.
    """
    if callable(value) or type(old).__qualname__ != type(value).__qualname__ or repr(old) == repr(value):
        return
    held = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    held.update({k: before[v] for k, v in held.items() if isinstance(v, FunctionType) and v in before})
    for names in others:
        if names.get(key) is old and type(old) is type(value):  # or it is of a class that is made anew
            names[key] = value
    if isinstance(old, dict):
        old.clear()
        old.update(value)
    elif hasattr(old, "__dict__") and not isinstance(old, Enum):
        old.__dict__.update(held)


def _change_class(old: type, new: type) -> None:
    """Give a class the plain values, and the defaults of its fields, that another one has."""
    if new.__init__ is not old.__init__ and isinstance(old.__init__, FunctionType):
        old.__init__.__defaults__ = new.__init__.__defaults__
        old.__init__.__kwdefaults__ = new.__init__.__kwdefaults__
    if not issubclass(old, Enum):
        plain = ((k, v) for k, v in vars(new).items() if isinstance(v, int | float | str | tuple) and k[:2] != "__")
        for key, value in plain:
            if vars(old).get(key) != value:
                setattr(old, key, value)


def _places(code: CodeType, prefix: tuple = ()) -> dict[CodeType, tuple]:
    """Name the code of each function by name, line and place among those of one name and line."""
    found: dict[CodeType, tuple] = {}
    for inner in (c for c in code.co_consts if isinstance(c, CodeType)):
        key = (*prefix, inner.co_name, inner.co_firstlineno)
        found[inner] = place = (*key, sum(p[: len(key)] == key for p in found.values()))
        found |= {c: p for c, p in _places(inner, place).items() if c not in found}
    return found


def _passes(item: Any, following: Any) -> bool:
    """Run a test, which passes if it is skipped."""
    from _pytest.runner import runtestprotocol

    if hasattr(item, "_initrequest"):
        item._initrequest()
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _settle() -> None:
    """Let examples of hypothesis be the same in every run, none shrunk and none kept."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", phases=phases, database=None, derandomize=True, deadline=None)
    settings.load_profile("mutation")


def _limit_this_process() -> None:
    """Let this process say nothing more, and end when it takes much longer or much more memory than it should."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm") as stream:
        here = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (here + 3 * 2**30,) * 2)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.alarm(PATIENCE[2])
