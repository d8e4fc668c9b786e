"""Broken files: `python tests/hallucheck/broken.py COUNT [SEED]` changes bytes of certificates in COUNT ways.

`hallucheck` must answer each with a verdict, `Refused` or `NotCovered`; any other error ends the run with a traceback.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hallucheck.files.reading import NotCovered, Refused
from hallucheck.verify import verify

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
NAMES = ("line", "wells-attract", "usam-repels", "double-well-basin", "wells-stall", "tilted-wells-fold")
SNIPPETS = (
    *(
        b"[" * 50,
        b"]",
        b"{",
        b"}",
        b'"',
        b",",
        b":",
        b"\\",
        b"\x00",
        b"\xff",
        b"1e400",
        b"NaN",
        b"-Infinity",
        b"0.5",
        b"null",
    ),
    *(
        b"9" * 5000,
        b"1" + b"0" * 7000,
        b"p99999999999",
        b"p-99999999999",
        b"p19000",
        b"p-19000",
        b"/3",
        b"true",
        b"[[]]",
        b"-0",
    ),
    *(b'"exp"', b'"pow"', b'"var"', b"1000000", b"17", b"0", b'"1p200"', b'"1p-200"', b'"3p9000"', b'"sin"', b'"erf"'),
)


def broken(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are replaced, removed, doubled or moved, or a snippet put among them or in place of a value."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        i = rng.randrange(len(data))
        k = min(len(data), i + rng.choice([1, 1, 2, 8, 60, 400]))
        how = rng.randrange(6)
        if how == 0:
            data = data[:i] + bytes(rng.randrange(256) for _ in range(k - i)) + data[k:]
        elif how == 1:
            data = data[:i] + data[k:]
        elif how == 2:
            data = data[:k] + data[i:]
        elif how == 3:
            data = data[:i] + rng.choice(SNIPPETS) + data[i:]
        elif how == 4:
            lines = data.split(b"\n")
            j = rng.randrange(len(lines))
            lines[j] = rng.choice([rng.choice(SNIPPETS), rng.choice(lines), b""])
            data = b"\n".join(lines)
        else:  # in place of one number or word
            words = data.split(b'"')
            j = rng.randrange(len(words))
            words[j] = rng.choice([rng.choice(SNIPPETS).strip(b'"'), rng.choice(words)])
            data = b'"'.join(words)
    return data


def run(count: int, seed: int, names: tuple[str, ...] = NAMES) -> Counter[str]:
    """How often each answer was given."""
    rng = random.Random(seed)
    originals = {name: (CERTIFICATES / f"{name}.json").read_bytes() for name in names}
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.json"
        for _ in range(count):
            path.write_bytes(broken(originals[rng.choice(names)], rng))
            try:
                answers["yes" if verify(path, seconds=20) else "no"] += 1
            except Refused:
                answers["refused"] += 1
            except NotCovered:
                answers["not covered"] += 1
    return answers


if __name__ == "__main__":
    print(dict(run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
