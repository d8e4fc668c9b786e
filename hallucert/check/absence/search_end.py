"""Why the search for a bracket ended."""

from __future__ import annotations

from enum import StrEnum


class SearchEnd(StrEnum):
    """Why the search for a bracket ended: as narrow as asked, or not.

    Whatever the reason, both ends of the bracket are proved.
    """

    REACHED = "reached"
    BOXES = "boxes"
    TIME = "time"
    RESOLUTION = "resolution"
    RANGE = "range"

    @property
    def explanation(self) -> str:
        """The reason as a part of a sentence."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    SearchEnd.REACHED: "as narrow as asked",
    SearchEnd.BOXES: "wider than asked: the budget of boxes was spent; raise max_boxes",
    SearchEnd.TIME: "wider than asked: the budget of time was spent; raise seconds",
    SearchEnd.RESOLUTION: "wider than asked: the smallest boxes at the lower end cannot be decided",
    SearchEnd.RANGE: "without an upper end: nothing was found up to the largest radius that is looked at",
}
