from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from brainsr_desktop.core.errors import (
    Cancelled,
    ChildDied,
    InternalError,
    OutOfMemory,
    Truncated,
    error_families,
)
from brainsr_desktop.ipc import client as client_module
from brainsr_desktop.ipc.client import BlockingClient, ChildClient, describe_exit, rebuild_error
from brainsr_desktop.ipc.messages import Answer, ErrorReport, Failed, JobCancelled, JobId, Progress
from tests.ipc.children import TARGET, Do, DoAside, Done, Part, Unheard

PATIENCE_S = 30


class Heard:
    """A client and what it said."""

    def __init__(self, target: str) -> None:
        self.messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.deaths: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.client = ChildClient(target, name="test", on_message=self.messages.put, on_death=self.deaths.put)
        self.client.start()

    def send(self, what: str, amount: float = 0.0, kind: type[Do] = Do) -> JobId:
        job = self.client.next_job()
        self.client.send(kind(job, what, amount))
        return job

    def next(self) -> object:
        return self.messages.get(timeout=PATIENCE_S)

    def death(self) -> int | None:
        return self.deaths.get(timeout=PATIENCE_S)


@pytest.fixture
def hear() -> Iterator[Callable[[str], Heard]]:
    made: list[Heard] = []

    def start(target: str = TARGET) -> Heard:
        made.append(Heard(target))
        return made[-1]

    yield start
    for heard in made:
        heard.client.stop(grace_s=0.5)


@pytest.fixture(scope="module")
def blocking() -> Iterator[BlockingClient]:
    with BlockingClient(TARGET, name="test") as client:
        yield client


def done(answer: Answer) -> Done:
    assert isinstance(answer, Done)
    return answer


# A child that lives


def test_that_a_request_is_answered_with_its_own_job(blocking: BlockingClient) -> None:
    assert done(blocking.call(lambda job: Do(job, "echo", 2.5))).value == 2.5


def test_that_parts_come_before_the_answer_and_in_order(blocking: BlockingClient) -> None:
    parts: list[Answer] = []
    blocking.call(lambda job: Do(job, "parts", 5), parts.append)
    assert [part.number for part in parts if isinstance(part, Part)] == [0, 1, 2, 3, 4]


def test_that_progress_is_thinned_out_but_its_last_value_arrives(blocking: BlockingClient) -> None:
    heard: list[Answer] = []
    blocking.call(lambda job: Do(job, "count", 20_000), heard.append)
    progress = [(answer.done, answer.total) for answer in heard if isinstance(answer, Progress)]
    assert progress[0] == (1, 20_000)
    assert progress[-1] == (20_000, 20_000)
    assert len(progress) < 2_000
    assert progress == sorted(progress)


def test_that_an_error_keeps_class_words_advice_and_path(blocking: BlockingClient) -> None:
    with pytest.raises(Truncated, match="'IM7' ends early") as caught:
        blocking.call(lambda job: Do(job, "truncated"))
    assert (caught.value.advice, caught.value.path) == ("Copy it again.", Path("folder/IM7"))


@pytest.mark.parametrize("what", ["bug", "panic", "wrong answer"])
def test_that_an_unforeseen_exception_becomes_an_internal_error_and_the_child_lives(
    blocking: BlockingClient, what: str
) -> None:
    pid = blocking.pid
    with pytest.raises(InternalError):
        blocking.call(lambda job: Do(job, what))
    assert done(blocking.call(lambda job: Do(job, "echo", 1))).value == 1
    assert blocking.pid == pid


def test_that_an_unknown_request_fails(blocking: BlockingClient) -> None:
    with pytest.raises(InternalError, match="Unheard"):
        blocking.call(Unheard)


def test_that_a_lane_is_not_held_up_by_another(blocking: BlockingClient) -> None:
    waiting = threading.Thread(target=lambda: blocking.call(lambda job: Do(job, "wait", 2)))
    waiting.start()
    aside = done(blocking.call(lambda job: DoAside(job, "echo", 1)))
    assert aside.thread == "lane aside"
    assert waiting.is_alive()
    waiting.join()


def test_that_the_main_lane_is_the_main_thread(blocking: BlockingClient) -> None:
    assert done(blocking.call(lambda job: Do(job, "echo", 1))).thread == "MainThread"


def test_that_the_childs_log_and_warnings_reach_this_log(
    blocking: BlockingClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        blocking.call(lambda job: Do(job, "log"))
        blocking.call(lambda job: Do(job, "warn"))
    texts = {record.name: record.getMessage() for record in caplog.records}
    assert texts["child.part"] == "[test] a word from the child"
    assert "an old habit" in texts["py.warnings"]


# Cancelling


def test_that_a_running_job_is_cancelled(hear: Callable[..., Heard]) -> None:
    heard = hear()
    job = heard.send("wait", 60)
    heard.client.cancel(job)
    assert heard.next() == JobCancelled(job)


def test_that_a_waiting_job_is_dropped_while_another_still_runs(hear: Callable[..., Heard]) -> None:
    heard = hear()
    running = heard.send("wait", 60)
    waiting = heard.send("echo", 1)
    heard.client.cancel(waiting)
    assert heard.next() == JobCancelled(waiting)
    heard.client.cancel(running)
    assert heard.next() == JobCancelled(running)


def test_that_cancelling_a_job_that_ended_is_ignored(hear: Callable[..., Heard]) -> None:
    heard = hear()
    job = heard.send("echo", 1)
    assert isinstance(heard.next(), Done)
    heard.client.cancel(job)
    second = heard.send("echo", 2)
    assert heard.next() == Done(second, 2, "MainThread")


def test_that_ctrl_c_cancels_the_call_and_goes_on_as_keyboard_interrupt(blocking: BlockingClient) -> None:
    def interrupt(_: Answer) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blocking.call(lambda job: Do(job, "count", 10), interrupt)
    assert done(blocking.call(lambda job: Do(job, "echo", 4))).value == 4


def test_that_a_cancelled_call_raises_cancelled(blocking: BlockingClient) -> None:
    jobs: list[JobId] = []

    def wait(job: JobId) -> Do:
        jobs.append(job)
        threading.Timer(0.2, blocking.cancel, (job,)).start()
        return Do(job, "wait", 60)

    with pytest.raises(Cancelled):
        blocking.call(wait)


# The ways a child can end


def test_ending_by_itself_fails_what_is_in_flight_with_child_died(hear: Callable[..., Heard]) -> None:
    heard = hear()
    jobs = [heard.send("exit", 7), heard.send("echo", 1)]
    for job in jobs:
        failed = heard.next()
        assert isinstance(failed, Failed)
        assert (failed.job, failed.report.family) == (job, "ChildDied")
        assert "exit 7" in failed.report.message
    assert heard.death() == 7
    assert not heard.client.alive


def test_ending_by_a_fault_names_the_signal(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.send("signal", signal.SIGSEGV)
    failed = heard.next()
    assert isinstance(failed, Failed)
    assert f"signal {int(signal.SIGSEGV)}" in failed.report.message
    assert heard.death() == -signal.SIGSEGV


def test_being_killed_from_outside_while_idle_is_noticed(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.send("echo", 1)
    heard.next()
    assert heard.client.pid is not None
    os.kill(heard.client.pid, signal.SIGKILL)
    assert heard.death() == -signal.SIGKILL


def test_ending_before_the_first_word_is_noticed(hear: Callable[..., Heard]) -> None:
    assert hear("tests.ipc.children:stillborn").death() == 3


def test_speaking_another_protocol_ends_the_child(hear: Callable[..., Heard]) -> None:
    heard = hear("tests.ipc.children:stranger")
    assert heard.death() is not None
    assert not heard.client.alive


def test_lingering_with_a_closed_pipe_is_terminated(hear: Callable[..., Heard]) -> None:
    heard = hear("tests.ipc.children:lingering")
    job = heard.send("echo", 1)
    failed = heard.next()
    assert isinstance(failed, Failed)
    assert failed.job == job
    assert heard.death() == -signal.SIGTERM


def test_hanging_is_ended_by_stop(hear: Callable[..., Heard]) -> None:
    heard = hear("tests.ipc.children:deaf")
    pid = heard.client.pid
    assert pid is not None
    heard.client.stop(grace_s=0.5)
    assert not psutil.pid_exists(pid)


def test_hanging_and_heeding_no_signal_is_killed_by_stop(
    hear: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "GRACE_S", 0.5)
    heard = hear("tests.ipc.children:stubborn")
    process = psutil.Process(heard.client.pid)
    wait_until(lambda: bool(process.children()) or process.num_threads() >= 1)
    heard.client.stop(grace_s=0.5)
    assert not process.is_running()


def test_stop_ends_jobs_as_cancelled_and_reports_no_death(hear: Callable[..., Heard]) -> None:
    heard = hear()
    job = heard.send("wait", 60)
    heard.client.stop()
    assert heard.next() == JobCancelled(job)
    assert heard.deaths.empty()


def test_stop_during_a_call_that_hears_nothing_still_ends_the_child(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.send("count", 1)
    heard.next()
    pid = heard.client.pid
    assert pid is not None
    heard.send("sleep deaf", 600)
    heard.client.stop()
    assert not psutil.pid_exists(pid)


def test_a_late_answer_to_a_finished_job_is_dropped(hear: Callable[..., Heard]) -> None:
    heard = hear("tests.ipc.children:late")
    first = heard.send("echo")
    second = heard.send("echo")
    assert [heard.next(), heard.next()] == [Done(first, 1.0), Done(second, 1.0)]
    heard.client.stop()
    assert heard.messages.empty()


def test_killing_a_child_on_purpose_is_reported_as_a_death(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.send("sleep deaf", 600)
    heard.client.kill()
    assert isinstance(heard.next(), Failed)
    assert heard.death() == -signal.SIGKILL


def test_ending_on_request_runs_the_childs_own_ending(
    hear: Callable[..., Heard], caplog: pytest.LogCaptureFixture
) -> None:
    heard = hear("tests.ipc.children:cleaning")
    heard.send("echo")
    heard.next()
    heard.client.stop()
    assert "[test] all put away" in caplog.text


def test_a_request_without_a_child_fails_at_once(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.client.stop()
    job = heard.send("echo")
    failed = heard.next()
    assert isinstance(failed, Failed)
    assert (failed.job, failed.report.family) == (job, "ChildDied")


def test_a_dead_child_can_be_started_again(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.send("exit", 1)
    heard.next()
    heard.death()
    heard.client.restart()
    job = heard.send("echo", 9)
    assert heard.next() == Done(job, 9, "MainThread")


def test_stop_can_be_called_twice_and_without_a_start(hear: Callable[..., Heard]) -> None:
    heard = hear()
    heard.client.stop()
    heard.client.stop()
    ChildClient(TARGET, name="never", on_message=print, on_death=print).stop()


def test_an_error_of_the_listeners_receiver_does_not_end_the_listening() -> None:
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()

    def receive(message: object) -> None:
        heard.put(message)
        if heard.qsize() == 1:
            raise RuntimeError("the receiver is broken")

    client = ChildClient(TARGET, name="test", on_message=receive, on_death=lambda _: None)
    client.start()
    for _ in range(2):
        client.send(Do(client.next_job(), "echo"))
    wait_until(lambda: heard.qsize() == 2)
    client.stop()


@pytest.mark.parametrize("ending", ["return", "os.kill(os.getpid(), 9)"])
def test_no_child_outlives_its_parent(ending: str) -> None:
    """Also when nobody called stop, and when the parent was killed."""
    script = f"""
import os, sys
from brainsr_desktop.ipc.client import ChildClient
from tests.ipc.children import TARGET, Do
import queue
def main():
    heard = queue.SimpleQueue()
    client = ChildClient(TARGET, name="test", on_message=heard.put, on_death=lambda code: None)
    client.start()
    client.send(Do(client.next_job(), "echo"))
    heard.get()
    client.send(Do(client.next_job(), "sleep deaf", 600.0))
    print(client.pid, flush=True)
    {ending}
if __name__ == "__main__":
    main()
"""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    pid = int(done.stdout)
    wait_until(lambda: not psutil.pid_exists(pid))
    assert "Error" not in done.stderr
    assert "Warning" not in done.stderr


def test_a_silent_child_is_killed_and_the_next_call_starts_another() -> None:
    with BlockingClient(TARGET, name="test", silence_s=3.0) as client:
        client.call(lambda job: Do(job, "echo"))
        with pytest.raises(ChildDied):
            client.call(lambda job: Do(job, "sleep deaf", 600))
        assert done(client.call(lambda job: Do(job, "echo", 3))).value == 3


# Words


def test_that_every_family_is_rebuilt_as_itself() -> None:
    for name, family in error_families().items():
        error = rebuild_error(ErrorReport(name, "m", "a", "p"))
        assert type(error) is family
        assert (error.message, error.advice, error.path) == ("m", "a", Path("p"))


def test_that_an_unknown_family_is_rebuilt_as_internal_error() -> None:
    assert type(rebuild_error(ErrorReport("Mystery", "m"))) is InternalError


def test_that_a_memory_error_becomes_out_of_memory() -> None:
    from brainsr_desktop.ipc.child import report_of

    assert type(rebuild_error(report_of(MemoryError()))) is OutOfMemory


def test_that_a_derived_error_travels_as_its_nearest_known_family() -> None:
    from brainsr_desktop.ipc.child import report_of

    class Cut(Truncated):
        pass

    report = report_of(Cut("m"))
    assert report.family == "Truncated"


@pytest.mark.parametrize(("code", "words"), [(3, "exit 3"), (-9, "signal 9"), (None, "no exit code")])
def test_that_an_exit_code_has_words(code: int | None, words: str) -> None:
    assert describe_exit(code) == words


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
