"""Mutants of stored certificates, answered by both checkers.

`python tests/hallucheck/mutants.py COUNT [SEED] [NAMES]` changes stored certificates, or files, in COUNT ways, asks
`hallucert verify` and `hallucheck`, and prints how often they agree and one example of each class of disagreement.
"""

from __future__ import annotations

import copy
import json
import random
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import hallucert as hc
from hallucert.errors import CertificateError
from hallucheck.files.reading import NotCovered, Refused, digest
from hallucheck.verify import verify

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
QUICK = (
    *("bump-attracts", "camel-farthest", "double-well-basin", "figure-one-farthest", "himmelblau-farthest"),
    *("himmelblau-decay", "himmelblau-minimum-attracts", "himmelblau-minimum-repels", "himmelblau-saddle"),
    *("himmelblau-two-cycle", "line", "network-farthest"),
    *("usam-attracts", "usam-repels", "wells-attract", "wells-repel", "wells-saddle", "wells-stall"),
)
WORDS = (
    *("proved", "refuted", "undecided", "growing", "falling", "fold", "gradient", "residual", "box"),
    *("usam", "asam", "arb", "mpmath", "formula", "x"),
)
STRANGE = (
    *(None, True, 0, -1, 7, 10**17, "", "x", "0", "1", "-1", "1p-1", "3p400", "1p30000", "1/3", "9" * 5000),
    *([], {}, [[]]),
)
OPERATIONS = (
    *("add", "sub", "mul", "div", "neg", "pow", "rpow"),
    *("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus"),
)


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    """The places of texts, integers and nulls."""
    if isinstance(value, dict | list) and value:
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, entry in entries for leaf in leaves(entry, (*path, key))]
    return [path]


def at(document: Any, path: tuple) -> Any:
    """What is at a place."""
    for key in path:
        document = document[key]
    return document


def dyadic(text: str) -> Fraction:
    """The number of a dyadic."""
    m, _, e = text.partition("p")
    return Fraction(m) * Fraction(2) ** int(e or 0)


def written(value: Fraction) -> str:
    """A dyadic in its spelling."""
    m, e = value.numerator, -(value.denominator.bit_length() - 1)
    while m and m % 2 == 0:
        m, e = m // 2, e + 1
    return f"{m}p{e}" if m and e else str(m)


def is_number(value: Any) -> bool:
    """Does it look like a dyadic?"""
    return (
        isinstance(value, str)
        and value.strip("-0123456789p") == ""
        and value not in ("", "p", "-")
        and value[-1] != "p"
    )


class Mutator:
    """Changes documents in random ways; each method changes one in place and says how."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def mutate(self, document: Any) -> str:
        """One change, and the digest of what results."""
        old = document["digest"]
        for _ in range(50):
            change = self.rng.choice(self.CHANGES)
            try:
                name = change(self, document)
            except (KeyError, IndexError, TypeError, ValueError, AttributeError, ZeroDivisionError):
                continue
            if name:
                if document.get("digest") == old and isinstance(document.get("problem"), dict | list):
                    document["digest"] = digest(document["problem"])
                return name
        return "nothing"

    def number(self, document: Any) -> str:
        """A number is nudged, scaled, negated, or replaced by another one of the file."""
        places = [path for path in leaves(document) if is_number(at(document, path))]
        path = self.rng.choice(places)
        value = dyadic(at(document, path))
        other = dyadic(at(document, self.rng.choice(places)))
        relative = value * Fraction(self.rng.choice([1, -1]), 1 << self.rng.randint(1, 70))
        new = self.rng.choice([value + relative, value + relative, 2 * value, value / 2, -value, Fraction(0), other])
        at(document, path[:-1])[path[-1]] = written(new)
        return f"number of {place(path)}"

    def interval(self, document: Any) -> str:
        """A published interval is moved, made wider or narrower."""
        claim = self.rng.choice([claim for claim in document["claims"] if claim["numbers"]])
        name = self.rng.choice(list(claim["numbers"]))
        low, high = map(dyadic, claim["numbers"][name])
        width = max(high - low, Fraction(1, 1 << 60))
        a, b = (Fraction(self.rng.randint(-8, 8), self.rng.choice([4, 16, 64])) * width for _ in range(2))
        if self.rng.random() < 0.3:
            a, b = -abs(a) * 1000, abs(b) * 1000
        if low + a > high + b:
            return ""
        claim["numbers"][name] = [written(low + a), written(high + b)]
        return f"interval of {claim['name']}"

    def status(self, document: Any) -> str:
        """A claim gets another status."""
        claim = self.rng.choice(document["claims"])
        claim["status"] = self.rng.choice(["proved", "refuted", "undecided"])
        if claim["status"] == "undecided" and self.rng.random() < 0.8:
            claim.update(numbers={}, reason="straddles")
            if self.rng.random() < 0.8:
                claim["inputs"] = {}
        return f"status of {claim['name']}"

    def claims(self, document: Any) -> str:
        """Claims are dropped, doubled, swapped or renamed, or exchange what they hold."""
        claims = document["claims"]
        i, k = self.rng.randrange(len(claims)), self.rng.randrange(len(claims))
        how = self.rng.choice(
            ["drop", "drop all behind", "double", "swap", "rename", "exchange numbers", "exchange inputs"]
        )
        name = claims[i]["name"]
        if how == "drop":
            del claims[i]
        elif how == "drop all behind":
            del claims[i + 1 :]
        elif how == "double":
            claims.insert(k, copy.deepcopy(claims[i]))
        elif how == "swap":
            claims[i], claims[k] = claims[k], claims[i]
        elif how == "rename":
            claims[i]["name"] = claims[k]["name"]
        else:
            key = how.split()[1]
            claims[i][key], claims[k][key] = claims[k][key], claims[i][key]
        return f"claims: {how} {name}"

    def number_names(self, document: Any) -> str:
        """A number of a claim is dropped, renamed, or exchanged with another one."""
        claim = self.rng.choice([claim for claim in document["claims"] if claim["numbers"]])
        numbers = claim["numbers"]
        names = list(numbers)
        a, b = self.rng.choice(names), self.rng.choice(names)
        how = self.rng.choice(["drop", "rename", "exchange"])
        if how == "exchange":
            numbers[a], numbers[b] = numbers[b], numbers[a]
        else:
            value = numbers.pop(a)
            if how == "rename":
                numbers[a + "_"] = value
        return f"numbers: {how} in {claim['name']}"

    def witness(self, document: Any) -> str:
        """The box is moved or scaled; the preconditioner scaled, transposed or blurred."""
        witness = document["witness"]
        how = self.rng.choice(["centre", "radius", "one radius", "scale", "transpose", "blur"])
        factor = 1 + Fraction(self.rng.choice([1, -1]), 1 << self.rng.randint(1, 12))
        radius = [dyadic(v) for v in witness["radius"]]
        if how == "centre":
            i = self.rng.randrange(len(witness["centre"]))
            step = max(radius) * Fraction(self.rng.randint(-300, 300), 256)
            witness["centre"][i] = written(dyadic(witness["centre"][i]) + step)
        elif how == "radius":
            scale = self.rng.choice(
                [factor, factor, Fraction(1, 1 << self.rng.randint(1, 60)), Fraction(1 << self.rng.randint(1, 40))]
            )
            witness["radius"] = [written(r * scale) for r in radius]
        elif how == "one radius":
            i = self.rng.randrange(len(radius))
            witness["radius"][i] = written(radius[i] * Fraction(2) ** self.rng.randint(-30, 10))
        else:
            c = [[dyadic(v) for v in row] for row in witness["preconditioner"]]
            if how == "transpose":
                c = [list(row) for row in zip(*c, strict=True)]
            elif how == "scale":
                c = [[v * factor for v in row] for row in c]
            else:
                c = [[v * (1 + Fraction(self.rng.randint(-9, 9), 64)) for v in row] for row in c]
            witness["preconditioner"] = [[written(v) for v in row] for row in c]
        return f"witness: {how}"

    def chain(self, document: Any) -> str:
        """Cells or parts of a chain are dropped, doubled or swapped, or begin or end elsewhere."""
        chain = self.rng.choice(document.get("branches") or document["sheets"])
        cell = self.rng.choice(chain["cells"])
        entries = chain["cells"] if "parts" not in cell or self.rng.random() < 0.5 else cell["parts"]
        i, k = self.rng.randrange(len(entries)), self.rng.randrange(len(entries))
        how = self.rng.choice(["drop", "double", "swap", "begin", "radius"])
        if how == "drop":
            del entries[i]
        elif how == "double":
            entries.insert(i, copy.deepcopy(entries[i]))
        elif how == "swap":
            entries[i], entries[k] = entries[k], entries[i]
        elif how == "begin":
            cell["start"] = self.rng.choice([cell["span"][0], *(part["end"] for part in cell["parts"])])
        else:
            cell["radius"] = [written(dyadic(r) * Fraction(2) ** self.rng.randint(-12, 12)) for r in cell["radius"]]
        return f"chain: {how}"

    def enclosure(self, document: Any) -> str:
        """The enclosure is moved, widened or narrowed."""
        i = self.rng.randrange(len(document["enclosure"]))
        low, high = map(dyadic, document["enclosure"][i])
        width = (high - low) * Fraction(self.rng.randint(-64, 64), 64)
        other = (high - low) * Fraction(self.rng.randint(-64, 64), 64)
        document["enclosure"][i] = [written(low + width), written(high + other)]
        return "enclosure" if low + width <= high + other else "enclosure: reversed"

    def tape(self, document: Any) -> str:
        """A node of the tape gets another operation, argument or constant; nodes are appended or outputs changed."""
        objective = document["problem"]["objective"]
        tape = objective.get("tape") or objective.get("residuals")
        nodes = tape["nodes"]
        i = self.rng.randrange(len(nodes))
        how = self.rng.choice(["operation", "argument", "constant", "append", "output", "power", "drop"])
        if how == "operation":
            nodes[i][0] = self.rng.choice(OPERATIONS)
        elif how == "argument":
            nodes[i][self.rng.randrange(1, len(nodes[i]))] = self.rng.randrange(len(nodes))
        elif how == "constant":
            i = self.rng.choice([i for i, node in enumerate(nodes) if node[0] == "const"])
            value = Fraction(nodes[i][1]) * (1 + Fraction(self.rng.choice([1, -1]), 10 ** self.rng.randint(0, 30)))
            nodes[i][1] = str(value)
        elif how == "append":
            nodes.append(
                [self.rng.choice(OPERATIONS), *(self.rng.randrange(len(nodes)) for _ in range(self.rng.randint(1, 2)))]
            )
        elif how == "output":
            tape["outputs"] = [self.rng.randrange(len(nodes)) for _ in tape["outputs"]]
        elif how == "power":
            i = self.rng.choice([i for i, node in enumerate(nodes) if node[0] == "pow"])
            nodes[i][2] = self.rng.choice([-1, 0, 1, 2, 3, 4, 10**6])
        else:
            del nodes[i]
        return f"tape: {how}"

    def problem(self, document: Any) -> str:
        """Another radius, decay or step, another ascent step, other names of variables."""
        problem = document["problem"]
        lengths = [name for name in ("rho", "weight_decay", "step") if name in problem]
        how = self.rng.choice([*lengths, "rho", "variant", "asam", "names", "n"])
        if how in lengths:
            change = Fraction(self.rng.choice([1, -1]), 10 ** self.rng.randint(0, 40))
            problem[how] = str(Fraction(problem[how]) * (1 + change))
        elif how == "variant":
            problem["variant"] = self.rng.choice(["usam", "sam", "asam", None])
        elif how == "asam":
            d = len(document["witness"]["centre"])
            one = "1" if self.rng.random() < 0.5 else "1p1"
            problem.update(variant="asam", scales=["1"] * (d - 1) + [one])
        elif how == "n":
            problem["objective"]["n"] = self.rng.choice(["1", "2", "1/2", "0"])
        else:
            tape = problem["objective"].get("tape") or problem["objective"].get("residuals")
            k = self.rng.randrange(len(tape["variables"]))
            tape["variables"][k] = self.rng.choice(
                ["x", "y", "a1", "pi", "exp", "e", "I", "a b", "", "lambda", "_", "w[0]", "é"]
            )
        return f"problem: {how}"

    def inputs(self, document: Any) -> str:
        """An input of a claim is changed: a letter, a number, or a whole."""
        claim = self.rng.choice([claim for claim in document["claims"] if claim["inputs"]])
        key = self.rng.choice(list(claim["inputs"]))
        value = claim["inputs"][key]
        if key.endswith("subdivision"):
            i = self.rng.randrange(len(value))
            letter = self.rng.choice([*"obmghcwfaABC", ""])
            claim["inputs"][key] = value[:i] + letter + value[i + self.rng.randint(0, 1) :]
        elif isinstance(value, int):
            claim["inputs"][key] = value + self.rng.choice([-1, 1, 10**6])
        elif is_number(value):
            claim["inputs"][key] = written(
                dyadic(value) * (1 + Fraction(self.rng.choice([1, -1]), 1 << self.rng.randint(0, 20)))
            )
        else:
            path = self.rng.choice(leaves(value))
            if not path:
                return ""
            at(value, path[:-1])[path[-1]] = written(dyadic(at(value, path)) + Fraction(self.rng.randint(-9, 9), 256))
        return f"inputs: {key} of {claim['name']}"

    def strange(self, document: Any) -> str:
        """Something strange, or a word, in any place."""
        path = self.rng.choice(leaves(document))
        if self.rng.random() < 0.3:
            path = path[: self.rng.randint(1, len(path))]
        at(document, path[:-1])[path[-1]] = copy.deepcopy(self.rng.choice([*STRANGE, *WORDS]))
        return f"strange value in {place(path)}"

    def fields(self, document: Any) -> str:
        """A field or entry is missing or one too many."""
        path = self.rng.choice(leaves(document))
        path = path[: self.rng.randint(1, len(path))]
        owner, key = at(document, path[:-1]), path[-1]
        if self.rng.random() < 0.6:
            del owner[key]
            return f"missing {place(path)}"
        if isinstance(owner, dict):
            owner["extra"] = copy.deepcopy(owner[key])
        else:
            owner.insert(key, copy.deepcopy(owner[key]))
        return f"one more beside {place(path)}"

    CHANGES = (
        *(number, number, interval, interval, status, claims, number_names, witness, witness),
        *(enclosure, tape, tape, problem, inputs, strange, fields, chain, chain, chain),
    )


def place(path: tuple) -> str:
    """A place without its indices."""
    return ".".join(str(key) for key in path if isinstance(key, str)) or "top"


def answers(document: Any, folder: Path, backend: str | None) -> tuple[str, str, str]:
    """What `hallucert verify` and `hallucheck` say: yes, no or refused; and why, where they say it."""
    path = folder / "mutant.json"
    path.write_text(json.dumps(document))
    why = []
    try:
        verdict = hc.verify(path, backend=backend, budget=60)
        first = "yes" if verdict else "no"
        why += [str(line) for line in str(verdict).splitlines() if "NOT" in line][:2]
    except CertificateError as error:
        first = "refused"
        why.append(str(error)[:150])
    try:
        other = verify(path)
        second = "yes" if other else "no"
        why += ["hallucheck: " + str(result) for result in other.results if result.objection][:2]
    except Refused as error:
        second = "refused"
        why.append(f"hallucheck: {error}")
    except NotCovered as error:
        second = "not covered"
        why.append(f"hallucheck: {error}")
    return first, second, " | ".join(why)[:600]


def run(count: int, seed: int, names: tuple[str, ...] = QUICK, backend: str | None = "arb") -> tuple[Counter, dict]:
    """Counts of pairs of answers, and of each class of disagreement an example."""
    mutator = Mutator(seed)
    files = {name: Path(name) if name.endswith(".json") else CERTIFICATES / f"{name}.json" for name in names}
    originals = {name: json.loads(path.read_text()) for name, path in files.items()}
    counts: Counter = Counter()
    classes: dict[tuple[str, str, str], list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            name = mutator.rng.choice(names)
            document = copy.deepcopy(originals[name])
            change = mutator.mutate(document)
            before = mutator.rng.getstate()
            first, second, why = answers(document, Path(folder), backend)
            mutator.rng.setstate(before)
            counts[first, second] += 1
            if first != second:
                classes.setdefault((first, second, change), []).append(f"{name}: {why}")
    return counts, classes


def main() -> None:
    """Print counts and classes."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    names = tuple(sys.argv[3:]) or QUICK
    counts, classes = run(count, seed, names)
    for (first, second), n in sorted(counts.items()):
        print(f"{n:6d}  hallucert: {first:8s} hallucheck: {second}")
    for (first, second, change), examples in sorted(classes.items()):
        print(f"{first} / {second}, {change} ({len(examples)}): {examples[0]}")


if __name__ == "__main__":
    main()
