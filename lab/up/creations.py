"""Creating resources while the program still runs: each as soon as everything it depends on exists.

The program is answered before the endpoint is, since what it needs back (id, ARN) is known beforehand. A job never
waits for a job that was submitted later, so the workers always have something to do and cannot lock up; that is also
why a full queue may simply make the submitter wait.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.up.errors import CreateError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    Progress = Callable[[int, int | None, str], None]

BATCH = 20  # BatchGrantPermissions takes no more


@dataclass(slots=True)
class Job:
    """One creation. `run` gets the payloads of one or, with a `group`, of up to BATCH jobs of that group."""

    urn: str
    what: str
    payload: Any
    run: Callable[[Sequence[Any]], Sequence[str | None]]
    group: Hashable | None = None
    waiting: int = 0
    followers: list[Job] = field(default_factory=list)


class Creations:
    """A few worker threads over a graph of jobs. Call `settle` when nothing more comes, `close` in any case."""

    def __init__(self, threads: int = 8, limit: int = 1000, progress: Progress | None = None) -> None:
        self._change = threading.Condition()
        self._pending: dict[str, Job] = {}
        self._ready: deque[Job] = deque()
        self._groups: dict[Hashable, deque[Job]] = {}
        self._error: Exception | None = None
        self._closed = False
        self._submitted = 0
        self._done = 0
        self._final = False
        self._limit = limit
        self._progress = progress
        self._threads = [threading.Thread(target=self._work, daemon=True, name="create") for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, after: Iterable[str]) -> None:
        """Take a job that may start when the jobs of the URNs in `after` are done; blocks while the queue is full."""
        with self._change:
            while len(self._pending) >= self._limit and self._error is None and not self._closed:
                self._change.wait()
            self._check()
            for urn in set(after):
                before = self._pending.get(urn)
                if before is not None:
                    before.followers.append(job)
                    job.waiting += 1
            self._pending[job.urn] = job
            self._submitted += 1
            if job.waiting == 0:
                self._enqueue(job)
                self._change.notify()

    def wait(self, urns: Iterable[str]) -> None:
        """Return when the jobs of these URNs are done."""
        wanted = set(urns)
        with self._change:
            while self._error is None and not self._closed and not wanted.isdisjoint(self._pending):
                self._change.wait()
            self._check()

    def settle(self) -> None:
        """Return when every job is done. Raises the first error that a job met."""
        with self._change:
            self._final = True
            while self._pending and self._error is None and not self._closed:
                self._change.wait()
            self._check()

    def count(self, what: str) -> None:
        """Count something that was made elsewhere, for the progress."""
        with self._change:
            self._submitted += 1
            self._done += 1
            self._tell(what)

    def close(self) -> None:
        """Stop the workers; what has not started is dropped."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closed:
            raise CreateError("the lab is shutting down")

    def _enqueue(self, job: Job) -> None:
        if job.group is None:
            self._ready.append(job)
            return
        waiting = self._groups.setdefault(job.group, deque())
        waiting.append(job)
        if len(waiting) == 1:
            self._ready.append(job)  # stands for its group; taken together with the others that wait by then

    def _take(self) -> list[Job] | None:
        with self._change:
            while not self._ready and self._error is None and not self._closed:
                self._change.wait()
            if self._error is not None or self._closed:
                return None
            job = self._ready.popleft()
            if job.group is None:
                return [job]
            waiting = self._groups[job.group]
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            if waiting:
                self._ready.append(waiting[0])
                self._change.notify()
            return batch

    def _work(self) -> None:
        while (jobs := self._take()) is not None:
            try:
                outcome = jobs[0].run([job.payload for job in jobs])
                for job, error in zip(jobs, outcome, strict=True):
                    if error is not None:
                        raise CreateError(f"cannot create `{job.urn}`: {error}")  # noqa: TRY301  handed to the caller below
            except Exception as error:  # noqa: BLE001  kept, and raised where the caller waits
                with self._change:
                    self._error = self._error or error
                    self._change.notify_all()
                return
            with self._change:
                for job in jobs:
                    self._finish(job)
                self._change.notify_all()

    def _finish(self, job: Job) -> None:
        del self._pending[job.urn]
        self._done += 1
        for follower in job.followers:
            follower.waiting -= 1
            if follower.waiting == 0:
                self._enqueue(follower)
        self._tell(job.what)

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._submitted if self._final else None, what)
