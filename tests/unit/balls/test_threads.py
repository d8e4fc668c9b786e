"""Threads that prove at once get what each of them gets alone, although FLINT has one precision for the process.

What is proved is true at any precision; these tests hold that it is also as sharp as it was asked to be.
"""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, RLock, Thread

import flint
import pytest

import hallucert as hc
from hallucert.balls import arb as module
from hallucert.balls import arithmetic
from hallucert.balls.arb import FlintPrecision
from hallucert.balls.lanes import FloatLanes
from hallucert.check.file.save import to_json

BITS = (53, 424, 106, 212)


@pytest.fixture
def eager():
    """Threads that take turns often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def _certified(bits):
    f = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")
    return to_json(hc.certify(f, (-0.4, 2.9), "3.5", precisions=[bits]))


def test_threads_at_different_precisions_prove_what_they_prove_alone(eager):
    """Certificates made in four threads at once are those made one after the other, to the last bit."""
    before = flint.ctx.prec
    alone = [_certified(bits) for bits in BITS]
    with ThreadPoolExecutor(len(BITS)) as pool:
        together = list(pool.map(_certified, BITS * 2))
    assert together == alone * 2
    assert flint.ctx.prec == before


def test_the_precision_is_restored_whatever_happens():
    """After nested blocks, other precisions inside and errors FLINT has the precision that its user gave it."""
    before, flint.ctx.prec = flint.ctx.prec, 77
    try:
        with pytest.raises(ZeroDivisionError), arithmetic("arb", 200), arithmetic("arb", 90), arithmetic("arb", 200):
            assert flint.ctx.prec == 200
            with FloatLanes() as lanes:
                lanes.exp(lanes.constant(1))
            assert flint.ctx.prec == 200
            raise ZeroDivisionError
        assert flint.ctx.prec == 77
    finally:
        flint.ctx.prec = before


def _sum(bits, inside, leave):
    with FlintPrecision(bits):
        inside.set()
        leave.wait(10)
        assert flint.ctx.prec == bits


def test_a_thread_waits_for_the_precision_of_another():
    """While one thread is inside of its block, another does not get in, and neither sees the other's bits."""
    events = [Event() for _ in range(4)]
    threads = [Thread(target=_sum, args=(100, *events[:2])), Thread(target=_sum, args=(300, *events[2:]))]
    threads[0].start()
    assert events[0].wait(10)
    threads[1].start()
    assert not events[2].wait(0.05) and flint.ctx.prec == 100
    events[1].set()
    assert events[2].wait(10) and flint.ctx.prec == 300
    events[3].set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def _third(queue):
    with arithmetic("arb", 128) as ar:
        queue.put(str(ar.upper(ar.constant(1) / 3) - ar.lower(ar.constant(1) / 3) < 2**-120))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="nothing to fork with")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_computes_although_a_thread_was_computing():
    """The thread that has the precision is not in the child, which does not wait for it; its own parent is."""
    context, inside, leave = multiprocessing.get_context("fork"), Event(), Event()
    thread = Thread(target=_sum, args=(100, inside, leave))
    thread.start()
    assert inside.wait(10)
    queue = context.SimpleQueue()
    child = context.Process(target=_third, args=(queue,))
    child.start()
    child.join(20)
    finished = child.exitcode == 0
    if not finished:
        child.kill()
    leave.set()
    thread.join()
    assert finished and queue.get() == "True"
    with FlintPrecision(50):
        child = context.Process(target=_third, args=(queue,))
        child.start()
        child.join(20)
    assert child.exitcode == 0 and queue.get() == "True"


def test_a_lock_that_nobody_holds_is_kept_and_is_free():
    """As is one that this thread holds, once more after than before; one that another thread holds is replaced."""
    before = module._lock

    def elsewhere(work):
        thread = Thread(target=work)
        thread.start()
        thread.join()

    try:
        module._renew_in_child()
        assert module._lock is before
        taken = []
        elsewhere(lambda: taken.append(before.acquire(blocking=False)) or before.release())
        assert taken == [True]
        elsewhere(before.acquire)  # and never released
        module._renew_in_child()
        assert module._lock is not before and module._lock.acquire(blocking=False)
        module._lock.release()
    finally:
        module._lock = RLock()
