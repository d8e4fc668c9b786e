"""Runs tests against mutants, each in a fork of a process that has collected all tests already.

What a mutant changes in functions is patched in the fork: every function made from the module's source gets its code
from the mutated source. A mutant that changes what is done at import is compiled in a fork that has not imported the
package, and costs some seconds.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from record import OPTIONS, Record, Timed, quiet, settle

PATIENCE = 10.0, 3.0
"""A test that takes longer than this many times what it took, and so many seconds, is stopped: the mutant is killed."""


def _constants(code: CodeType, found: dict[tuple[str, int, int], CodeType]) -> dict[tuple[str, int, int], CodeType]:
    """Index the code of functions by name, line and place among those of one name and line."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            key = (inner.co_qualname, inner.co_firstlineno)
            found[*key, sum(k[:2] == key for k in found)] = inner
            _constants(inner, found)
    return found


class Server:
    """Collects tests, and answers for mutants which test kills them."""

    def __init__(self, root: Path, test_files: Sequence[str]) -> None:
        self.root = root
        self.cold = self._fork_cold()
        from _pytest.config import _prepareconfig
        from _pytest.main import Session

        self.config = _prepareconfig([*OPTIONS, "-s", *(str(root / name) for name in test_files)])
        self.config._do_configure()
        self.session = Session.from_config(self.config)
        self.config.hook.pytest_sessionstart(session=self.session)
        self.config.hook.pytest_collection(session=self.session)
        self.items = {item.nodeid: item for item in self.session.items}
        for cached in gc.get_objects():
            if isinstance(cached, functools._lru_cache_wrapper) and str(cached.__module__).startswith("hallucert"):
                cached.cache_clear()
        self.functions: dict[str, list[FunctionType]] = {}
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(str(root / "hallucert")):
                self.functions.setdefault(function.__code__.co_filename, []).append(function)
        gc.collect()
        gc.freeze()

    def patched(self, path: str, code: CodeType) -> Callable[[], None]:
        """Return what gives every function of a module the code that it has in a mutated one."""
        name = str(self.root / path)
        old = _constants(compile((self.root / path).read_text(), name, "exec", dont_inherit=True), {})
        places = {c: key for key, c in reversed(old.items())}
        new = _constants(code, {})

        def patch() -> None:
            for function in self.functions.get(name, ()):
                changed = new.get(places.get(function.__code__, ("", 0, 0)))
                if changed is not None and changed != function.__code__:
                    if changed.co_freevars != function.__code__.co_freevars:
                        continue  # a closure; the function that makes it is patched
                    function.__code__ = changed

        return patch

    def run(self, tests: Sequence[Record], patch: Callable[[], None], budget: float) -> tuple[str, str]:
        """Run tests in a fork until one fails: what happened, and in which."""
        items = [(self.items[test.name], test.seconds) for test in tests if test.name in self.items]

        def work(say: Callable[[str], None]) -> None:
            patch()
            for i, (item, seconds) in enumerate(items):
                say(f"begin {item.nodeid}")
                _limit(seconds)
                following = items[i + 1][0] if i + 1 < len(items) else None
                if self._fails(item, following):
                    say(f"killed {item.nodeid}")
                    return
            say("survived -")

        return _fork(work, budget)

    def _fails(self, item: Any, following: Any) -> bool:
        from _pytest.runner import runtestprotocol

        if hasattr(item, "_initrequest"):
            item._initrequest()
        return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))

    def run_cold(self, tests: Sequence[Record], path: str, compiled: Callable[[], CodeType], budget: float):
        """Run tests in a process that imports the package with a mutated module."""
        import marshal

        request = repr([path, marshal.dumps(compiled()).hex(), [(t.name, t.seconds) for t in tests], budget])
        os.write(self.cold[1], f"{len(request)}\n".encode())
        with os.fdopen(os.dup(self.cold[1]), "w") as stream:
            stream.write(request)
        return tuple(_line(self.cold[0]).split(" ", 1))

    def _fork_cold(self) -> tuple[int, int]:
        """Start the process that has imported what the package needs, but not the package."""
        for name in ("pytest", "hypothesis", "numpy", "flint", "mpmath", "scipy.optimize", "numba", "sympy"):
            importlib.import_module(name)
        settle()
        answers, say = os.pipe()
        listen, requests = os.pipe()
        if os.fork():
            os.close(say)
            os.close(listen)
            return answers, requests
        os.close(answers)
        os.close(requests)
        import ast
        import marshal

        with os.fdopen(listen) as stream:
            while head := stream.readline():
                path, code, tests, budget = ast.literal_eval(stream.read(int(head)))
                seconds = dict(tests)

                def work(tell, path=path, code=code, seconds=seconds) -> None:
                    _replace_module(self.root, path, marshal.loads(bytes.fromhex(code)))
                    _main(tell, seconds)

                os.write(say, (" ".join(_fork(work, budget)) + "\n").encode())
        os._exit(0)


def _main(tell: Callable[[str], None], seconds: dict[str, float]) -> None:
    import pytest

    def begins(name: str) -> None:
        tell(f"begin {name}")
        _limit(seconds.get(name, 1.0) + 1.0)

    _limit(20.0)
    timed = Timed(begins)
    status = pytest.main([*OPTIONS, "-x", *seconds], plugins=[timed])
    if timed.bad or status not in (0, 1):
        tell(f"killed {min(timed.bad, default='collection')}")
    else:
        tell("survived -")


def _replace_module(root: Path, path: str, code: CodeType) -> None:
    """Let the module of a file be made from other code when it is imported."""
    from importlib.machinery import SourceFileLoader

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        return code if loader.path == str(root / path) else original(loader, fullname)

    original = SourceFileLoader.get_code
    SourceFileLoader.get_code = get_code


def _limit(seconds: float) -> None:
    """End this process when it takes much longer than it should, in processor time."""
    signal.setitimer(signal.ITIMER_PROF, PATIENCE[0] * seconds + PATIENCE[1])


def _line(descriptor: int) -> str:
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(descriptor, 1)
        if not piece:
            raise EOFError("the server has ended")
        text += piece
    return text.decode().strip()


def _fork(work: Callable[[Callable[[str], None]], None], budget: float) -> tuple[str, str]:
    """Do something in a fork, which says what happens; return the last that it said, or why it ended."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        import resource

        os.close(read)
        os.setpgid(0, 0)
        quiet()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm") as stream:
            here = int(stream.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (here + 3 * 2**30,) * 2)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        try:
            work(lambda text: os.write(write, (text + "\n").encode()) and None)
        except BaseException as error:
            os.write(write, f"killed {type(error).__name__}\n".encode())
        os._exit(0)
    os.close(write)
    said, ended = b"", time.monotonic() + budget
    while True:
        ready, _, _ = select.select([read], [], [], max(0.0, ended - time.monotonic()))
        piece = os.read(read, 65536) if ready else b""
        if not piece:
            break
        said += piece
    os.close(read)
    if not ready:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    last = (said.decode().strip().split("\n") or [""])[-1]
    what, _, name = last.partition(" ")
    if what in ("killed", "survived"):
        return what, name
    if not ready:
        return "budget", name
    return (
        "timeout" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF else "killed"
    ), name or "crash"
