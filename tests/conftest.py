"""What holds for all tests: one thread of BLAS, and steps of their own for what takes minutes.

Matrices are small here, and tests run in several processes already.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for cycles of garbage when all tests are collected: walking them again and again takes a third of that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What is collected stays to the end, and is not walked again."""
    gc.collect()
    gc.freeze()


ASKED_FOR = {"coq", "latex", "thorough"}
"""Marks of tests that take minutes: they run if one of their marks is asked for, as with ``-m thorough``."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes unless it is asked for."""
    left_out = [item for item in items if not _is_asked_for(item, config.option.markexpr)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _is_asked_for(item, config.option.markexpr)]


def _is_asked_for(item: pytest.Item, asked: str) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return not marks & ASKED_FOR or any(mark in asked for mark in marks)
