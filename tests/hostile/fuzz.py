"""Certificates of every kind with anything changed in them: reading and checking end in a verdict or a typed error.

Run as a program, with how many files to make (1000), a seed (0) and the first of them (0), this makes certificates from
those of the documentation, changed in their bytes, their structure, their numbers or their arrays, and reads and checks
each in a process with bounded memory and processor time. File number `i` of a seed is always the same file. What ends
otherwise is printed and kept in a folder that is named; then this ends with an error.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.decimals import format_exact
from hallucert.errors import ArgumentError, CertificateError, HallucertError
from hallucert.exact import format_rational, parse_dyadic

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
MEMORY = 3 * 2**30
"""Bytes that reading and checking may take, besides what the process has."""
BUDGET, SECONDS = 1.0, 20.0
"""Seconds that `verify` is told to take at most, and processor time after which a file has taken too long."""

Json = object


@cache
def seeds() -> dict[str, Json]:
    """The certificates of the documentation, as plain data."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(CERTIFICATES.glob("*.json"))}


@cache
def arrays(name: str) -> bytes:
    """The companion of one of them, empty if it has none."""
    return b"".join(path.read_bytes() for path in CERTIFICATES.glob(f"{name}.json.*.npy"))


def places(data: Json, path: tuple = ()) -> list[tuple]:
    """The paths of everything in plain data, itself included."""
    found = [path]
    if isinstance(data, dict):
        found += [place for key, value in data.items() for place in places(value, (*path, key))]
    elif isinstance(data, list):
        found += [place for key, value in enumerate(data) for place in places(value, (*path, key))]
    return found


def at(data: Json, path: tuple) -> Json:
    """What is at a place."""
    for key in path:
        data = data[key]
    return data


def nested(depth: int, kind: type) -> Json:
    """Lists or objects in each other."""
    data: Json = "0"
    for _ in range(depth):
        data = [data] if kind is list else {"kind": data}
    return data


def number(rng: random.Random) -> str:
    """A number as text: of any length, with any exponent, spelled well or not."""
    digits = "".join(rng.choices("0123456789", k=rng.choice([1, 1, 2, 5, 20, 400, 6000, 6200, 50_000])))
    exponent = rng.choice(
        ["", "", "p0", "p-1", "p5", "p-20000", "p20000", "p99999999999", "/0", "/3", f"/{digits}", "e9"]
    )
    return rng.choice(["", "", "", "-", "--", "+", " "]) + rng.choice([digits, digits.lstrip("0") or "0"]) + exponent


def small(rng: random.Random, text: str) -> str:
    """A number near one that is written there."""
    if not text:
        return "0"
    i = rng.randrange(len(text))
    return text[:i] + rng.choice("0123456789-p/.") + text[i + rng.randrange(2) :]


def well_spelled(rng: random.Random, data: Json) -> Json:
    """Change some numbers to others that are spelled as they should be, so that reading seldom objects."""
    paths = [path for path in places(data) if isinstance(at(data, path), str | int) and "kind" not in path]
    for path in rng.sample(paths, min(len(paths), rng.choice([1, 1, 2, 5, 40]))):
        owner, old = at(data, path[:-1]), at(data, path)
        if isinstance(old, int):
            owner[path[-1]] = rng.choice([max(old - 1, 0), old + 1, 2 * old, 10**17])
        elif re.fullmatch(r"-?\d+(p-?\d+|/\d+)?", old):
            size = Fraction(rng.choice([0, 1, 1, -1, 3, 2**61 - 1, rng.getrandbits(400), rng.getrandbits(4000)]))
            size *= Fraction(2) ** rng.choice([0, -1, -20, -20, -40, -61, -61, -100, 61, -4000, 4000, -20_000, 20_000])
            value = Fraction(old) if "p" not in old else parse_dyadic(old)
            spelled = format_rational if path[0] == "problem" else format_exact
            owner[path[-1]] = spelled(rng.choice([size, value + size, value * size]))
    return data


def leaf(rng: random.Random) -> Json:
    """A value of a type that is seldom right."""
    simple = [
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        7,
        10**17,
        "",
        "0",
        "1",
        "x",
        "proved",
        "gradient",
        "NaN",
        "\x00\x1b[2J",
        "\u00e9",
    ]
    made: list[Callable[[], Json]] = [
        lambda: rng.choice(simple),
        lambda: number(rng),
        lambda: {"doubles": [rng.choice([1, 16384, 16385, 2**27, 2**40, -1]) for _ in range(rng.randrange(4))]},
        lambda: nested(rng.choice([1, 2, 30, 38, 45]), rng.choice([list, dict])),
        lambda: [rng.choice(simple) for _ in range(rng.choice([0, 1, 2, 5, 300]))],
        lambda: {rng.choice(["a", "kind", "name", "doubles", ""]): rng.choice(simple) for _ in range(rng.randrange(4))},
        lambda: 10.5,
        lambda: 10**40,
    ]
    return rng.choice(made)()


def change(rng: random.Random, data: Json, other: Json) -> Json:
    """Change plain data at one place."""
    path = rng.choice(places(data))
    if not path:
        return leaf(rng) if rng.random() < 0.1 else data
    owner, key, old = at(data, path[:-1]), path[-1], at(data, path)
    what = rng.randrange(10)
    if what <= 2:
        owner[key] = leaf(rng)
    elif what == 3 and isinstance(old, str):
        owner[key] = small(rng, old)
    elif what == 4 and isinstance(old, int):
        owner[key] = rng.choice([old + 1, old - 1, -old, 2 * old, 10 * old, 10**17])
    elif what == 5:
        owner[key] = copy.deepcopy(at(data, rng.choice(places(data))))
    elif what == 6:
        owner[key] = copy.deepcopy(at(other, rng.choice(places(other))))
    elif what == 7:
        del owner[key]
    elif what == 8 and isinstance(old, list) and old:
        owner[key] = old * rng.choice([2, 3, 100]) if rng.random() < 0.5 else rng.sample(old, len(old))
    elif isinstance(owner, dict):
        owner[rng.choice(["extra", *owner])] = owner.pop(key)
    else:
        owner[key] = number(rng) if isinstance(old, str) else old
    return data


def bytes_changed(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Change some bytes: replaced, cut, doubled, or with a piece of another file between."""
    for _ in range(rng.choice([1, 1, 2, 5, 50])):
        i = rng.randrange(len(content) + 1)
        j = min(len(content), i + rng.choice([0, 1, 1, 2, 10, 1000]))
        k = rng.randrange(len(other))
        piece = rng.choice(
            [b"", rng.randbytes(j - i), content[i:j] * 2, other[k : k + 50], b'"', b"[" * 50, b"{", b","]
        )
        content = content[:i] + piece + content[j:]
    return content


def forged(seed: int, index: int) -> tuple[str, bytes, bytes]:
    """Return the name of a certificate, and the bytes of what is made of it and of its companion."""
    rng = random.Random(f"{seed} {index}")
    names = [name for name in sorted(seeds()) if not arrays(name) or rng.random() < 0.3]
    name, other = rng.choice(names), rng.choice(names)
    companion = arrays(name)
    if companion and rng.random() < 0.5:
        companion = bytes_changed(rng, companion, companion)
    if rng.random() < 0.2:
        content = bytes_changed(rng, json.dumps(seeds()[name]).encode(), json.dumps(seeds()[other]).encode())
        return name, content, companion
    data = copy.deepcopy(seeds()[name])
    if rng.random() < 0.6:
        data = well_spelled(rng, data)
    else:
        for _ in range(rng.choice([1, 1, 1, 2, 4]) if not companion else rng.randrange(3)):
            data = change(rng, data, seeds()[other])
    if isinstance(data, dict) and companion and rng.random() < 0.9:
        data["doubles"] = f"sha256:{hashlib.sha256(companion).hexdigest()}"
    if isinstance(data, dict) and not companion and isinstance(data.get("problem"), dict) and rng.random() < 0.9:
        data["digest"] = problem_digest(data["problem"])
    text = json.dumps(data)
    if rng.random() < 0.03:
        text = text.replace(
            *rng.choice([('"witness"', '"kind": 1, "witness"'), ('"0"', "[" * 9999), ('"', "[{" * 9999)])
        )
    return name, text.encode(), companion


def outcome(path: Path, rng: random.Random) -> str:
    """Read and check a file; say how that ended. Anything but a typed error goes through."""
    try:
        certificate = hc.load(path)
    except CertificateError:
        return "not read"
    try:
        str(certificate), repr(certificate)
        verdict = hc.verify(certificate, rng.choice(["arb", "mpmath"]), 2000, BUDGET)
        str(verdict)
    except (CertificateError, ArgumentError):
        return "refused"
    return "accepted" if verdict else "not proved"


def write(path: Path, seed: int, index: int) -> Path:
    """Write a file of a seed, with its companion."""
    _, content, companion = forged(seed, index)
    path.write_bytes(content)
    for old in path.parent.glob(f"{path.name}.*.npy"):
        old.unlink()
    if companion:
        path.with_name(f"{path.name}.{hashlib.sha256(companion).hexdigest()[:16]}.npy").write_bytes(companion)
    return path


def _work(pipe: int, folder: Path, seed: int, first: int, end: int) -> None:
    """Try files one after the other; say which one begins, and how each ended."""
    with open("/proc/self/statm") as stream:
        here = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (here + MEMORY,) * 2)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for index in range(first, end):
        path = write(folder / "c.json", seed, index)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            ended = outcome(path, random.Random(index))
        except HallucertError as error:
            ended = f"FAILED {type(error).__name__}"
        except BaseException as error:
            ended = f"FAILED {type(error).__name__}: {str(error)[:80]!r}"
        os.write(pipe, f"{index} {ended}\n".encode())


def main(count: int, seed: int, first: int, kept: Path) -> int:
    """Try files in processes of their own, a new one after each that crashes."""
    tally, failures = Counter[str](), 0
    folder, end = kept / "here", first + count
    folder.mkdir(exist_ok=True)
    seeds()  # once, for all processes
    while first < end:
        read, pipe = os.pipe()
        if not (child := os.fork()):
            try:
                _work(pipe, folder, seed, first, end)
            finally:
                os._exit(0)
        os.close(pipe)
        with os.fdopen(read) as stream:
            for line in stream:
                first = int(line.split()[0]) + 1
                ended = line.strip().split(" ", 1)[1]
                tally[ended.split()[0] if ended.startswith("FAILED") else ended] += 1
                if ended.startswith("FAILED"):
                    failures += 1
                    print(line.strip(), flush=True)
                    write(kept / f"{first - 1}.json", seed, first - 1)
                if sum(tally.values()) % 1000 == 0:
                    print(sum(tally.values()), dict(tally), flush=True)
        _, status = os.waitpid(child, 0)
        if first < end:
            print(f"{first}: ended by signal {os.WTERMSIG(status)}", flush=True)
            write(kept / f"{first}.json", seed, first)
            tally["FAILED"], failures, first = tally["FAILED"] + 1, failures + 1, first + 1
    print(f"{sum(tally.values())} files, seed {seed}: {dict(tally)}; what failed is in {kept}")
    return min(failures, 1)


if __name__ == "__main__":
    wanted, seed, first = map(int, (sys.argv[1:] + ["1000", "0", "0"][len(sys.argv) - 1 :])[:3])
    sys.exit(main(wanted, seed, first, Path(tempfile.mkdtemp(prefix="fuzz-"))))
