"""The second file of a certificate, with its long arrays of doubles."""

from __future__ import annotations

import hashlib
import re
import stat
import struct
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

from .reading import Refused

LONG_ARRAY = 16_384  # longer arrays of doubles are in the companion


class Companion:
    """The second file, with the long arrays of doubles, which are taken from it one after the other."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path, self.taken, self.named = path, 0, "doubles" in document
        self.numbers: tuple[float, ...] = ()
        if not self.named:
            return
        digest = document["doubles"]
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest if isinstance(digest, str) else ""):
            raise Refused("doubles", "not a hash")
        self.path = path.with_name(f"{path.name}.{digest[7:23]}.npy")
        try:
            status = self.path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > 128 + (8 << 27):
                raise Refused("doubles", "the companion is not a regular file of permitted size")
            data = self.path.read_bytes()
        except OSError:
            raise Refused("doubles", f"there is no companion {self.path.name}") from None
        count = (len(data) - 128) // 8
        description = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}"
        header = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + description.ljust(117).encode() + b"\n"
        if len(data) != 128 + 8 * count or data[:128] != header or hashlib.sha256(data).hexdigest() != digest[7:]:
            raise Refused("doubles", "the companion is not the one that the certificate names")
        self.numbers = struct.unpack(f"<{count}d", data[128:])
        if not all(abs(v) < float("inf") for v in self.numbers):
            raise Refused("doubles", "a number is not finite")

    def take(self, shape: Sequence[int], where: str) -> tuple[list[Fraction], str]:
        """The numbers of the next array, and the hash of its bytes."""
        count = prod(shape)
        if count <= LONG_ARRAY or self.taken + count > len(self.numbers):
            raise Refused(where, "not a long array of the companion")
        numbers = self.numbers[self.taken : self.taken + count]
        self.taken += count
        return [Fraction(v) for v in numbers], hashlib.sha256(struct.pack(f"<{count}d", *numbers)).hexdigest()

    def finish(self) -> None:
        """Refuse numbers that no array took, and a file that needs none."""
        if self.taken != len(self.numbers) or (self.named and not self.taken):
            raise Refused("doubles", "not all taken by arrays")
