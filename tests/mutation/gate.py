"""The mutation score of the access engine: of the small wrong versions of it, how many the tests notice.

    python tests/mutation/gate.py [part of a file's name]...

``FLOODLINE_MUTANTS`` is how many are tried (``all`` for every one, the listed ones included), ``FLOODLINE_MUTANTS_SEED``
which. 90 % are wanted. Ends 1 below what has been reached so far, or when an entry of ``equivalent.toml`` is out of date.

One process collects the tests once; each mutant is put into a fork of it, where the tests that run its lines are run,
those that noticed its neighbours first, until one fails. A mutant of what runs at import gets a fork of a process that
has imported nothing of the project. A mutant that uses up many times the tests' own time is noticed too. Tests
with examples take few and always the same ones.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import importlib.machinery
import importlib.util
import io
import itertools
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
ENGINE = (
    "checks/principals.py",
    "checks/semantics.py",
    "checks/view.py",
    "checks/grants.py",
    "checks/normal.py",
    "checks/evaluate.py",
    "checks/predicates/*.py",
    "checks/compare/**/*.py",
)
TESTS = ("compare", "predicates", "checks", "test_normal.py", "live/test_permission_rows.py")
ARGUMENTS = ["-q", "-s", "-m", "not browser", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT)]
ARGUMENTS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins that were imported before pytest started
LIST = Path(__file__).with_name("equivalent.toml")
WANTED = 90.0
HELD = 88.0
"""What has been reached so far, less what a sample may be off by. To be raised as the tests get better, never lowered."""
EXAMPLES = 40
"""Examples of a property that asks for more than a hundred: a mutant that only the thousandth notices is unnoticed."""
FLOOR = 6
"""Mutants tried of each file at least; else files have their share by size."""
UNSEEN, SLOW = "", "its time"
LONG, WORKERS = 36_000.0, 2


@dataclass
class Survey:
    """What the tests do without any mutant: processor seconds of each, and who runs which line."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def at_import(self, mutant: Mutant) -> bool:
        """Whether a mutant takes effect when the module is imported only: no test runs it later."""
        ran = self.lines.get(mutant.file, {})
        return mutant.owner is None or not any(number in ran for number in mutant.lines)

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that can notice a mutant, the likeliest and quickest first."""
        ran, early = self.lines.get(mutant.file, {}), self.at_import(mutant)
        found = set().union(*(ran[number] for number in (ran if early else mutant.lines) if number in ran))
        if early:  # a test may look at a table without running a line of the file
            files = {test.partition("::")[0] for test in found}
            found = {test for test in self.seconds if test.partition("::")[0] in files}
        kills, seconds = self.kills, self.seconds
        near, file = f"{mutant.file}::{mutant.where}", mutant.file
        return sorted(found, key=lambda test: (-kills[near, test], -kills[file, test], seconds[test], test))

    def noticed(self, mutant: Mutant, test: str) -> None:
        self.kills[f"{mutant.file}::{mutant.where}", test] += 1
        self.kills[mutant.file, test] += 1


# ---------------------------------------------------------------------------------------------------------- processes
def forked(jobs: Sequence[Any], work: Callable[[Any], Any], *, seconds: float = 300.0) -> Iterator[tuple[Any, Any]]:
    """Run each job in a fork of this process, so many at once; yield (job, result), ``SLOW`` when its time was up.

    :raises RuntimeError: a fork ended in any other way: the mutant says nothing, the tool is wrong
    """
    waiting, running = iter(jobs), {}
    gc.freeze()
    while True:
        for job in itertools.islice(waiting, WORKERS - len(running)):
            running[_fork(job, work)] = job, time.monotonic() + seconds
        if not running:
            return
        for end in wait([end for end, _ in running], timeout=1.0):
            key = next(key for key in running if key[0] is end)
            yield running.pop(key)[0], _result(*key)
        for key, (_, until) in running.items():
            if time.monotonic() > until:
                os.kill(key[1], signal.SIGPROF)


def _fork(job: object, work: Callable[[Any], Any]) -> tuple[Connection, int]:
    mine, theirs = Pipe(duplex=False)
    if pid := os.fork():
        theirs.close()
        return mine, pid
    try:
        theirs.send_bytes(pickle.dumps(work(job)))
    except BaseException:  # noqa: BLE001 - the fork must never go on as if it were its parent
        theirs.send_bytes(pickle.dumps(traceback.format_exc()))
        os._exit(70)
    os._exit(0)


def _result(end: Connection, pid: int) -> object:
    try:
        result = pickle.loads(end.recv_bytes())
    except EOFError:
        result = None
    end.close()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return SLOW
    if status:
        raise RuntimeError(f"a fork ended with {status}: {result}")
    return result


def silent() -> None:
    """Send what the tests print nowhere; bound the memory that a wrong loop can fill."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 4 * 2**30,) * 2)


def limit(seconds: float) -> None:
    """End this process, as ``SLOW``, when it has used so much more processor time."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


# --------------------------------------------------------------------------------------------------------- the tests
def frugal() -> None:
    """Let tests with examples take the same ones each time, and not look for the smallest that fails."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415

    settings.register_profile(
        "frugal",
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("frugal")


def few_examples(items: Sequence[Any]) -> None:
    """Cut the examples of tests that ask for many."""
    from hypothesis import settings  # noqa: PLC0415

    for function in {id(item.function): item.function for item in items}.values():
        asked = getattr(function, "_hypothesis_internal_use_settings", None)
        if asked is not None and asked.max_examples > 100:
            function._hypothesis_internal_use_settings = settings(asked, max_examples=EXAMPLES)


def failures(items: Sequence[Any], seconds: dict[str, float]) -> str:
    """Run tests until one fails; return its name or ``UNSEEN``."""
    from _pytest.runner import runtestprotocol  # noqa: PLC0415

    for item, following in itertools.zip_longest(items, items[1:]):
        limit(10 * seconds.get(item.nodeid, 1.0) + 3)
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return str(item.nodeid)
    limit(0)
    return UNSEEN


class Watch:
    """Looks at who runs which line while the tests run as they are."""

    def __init__(self) -> None:
        from coverage import Coverage  # noqa: PLC0415

        self.survey, self._on = Survey(), False
        self._cover = Coverage(data_file=None, config_file=False, include=[str(ROOT / one) for one in ENGINE])

    def run(self, items: Sequence[Any]) -> Survey:
        from _pytest.runner import runtestprotocol  # noqa: PLC0415

        self._cover.start()
        self._on = True
        for item, following in itertools.zip_longest(items, items[1:]):
            started = time.process_time()
            reports = runtestprotocol(item, log=False, nextitem=following)
            self.survey.seconds[item.nodeid] = time.process_time() - started
            self.survey.failed += [f"{item.nodeid}\n{report.longreprtext}" for report in reports if report.failed]
        self._cover.stop()
        data = self._cover.get_data()
        of_file = defaultdict(list)
        for item in items:
            of_file[str(item.path)].append(item.nodeid)
        for path in data.measured_files():
            for number, contexts in data.contexts_by_lineno(path).items():
                ran = {test for one in contexts if one for test in of_file.get(one, [one])}
                self.survey.lines.setdefault(Path(path).relative_to(ROOT).as_posix(), {})[number] = ran
        return self.survey

    def pytest_runtest_setup(self, item: Any) -> None:
        if self._on:
            self._cover.switch_context(str(item.path))  # a fixture serves the tests after it too

    def pytest_runtest_call(self, item: Any) -> None:
        if self._on:
            self._cover.switch_context(item.nodeid)


def collected(paths: Sequence[str], then: Callable[[list[Any]], None], plugins: Sequence[object] = ()) -> int:
    """Collect tests and hand them over instead of running them; return pytest's exit code."""
    import pytest  # noqa: PLC0415

    class Loop:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            if session.testsfailed:
                raise session.Interrupted("the tests cannot be collected")
            few_examples(session.items)
            then(session.items)
            return True

    frugal()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main([*ARGUMENTS, *paths], plugins=[Loop(), *plugins])
    if code not in (0, 5):
        sys.stderr.write(said.getvalue())
    return int(code)


# ---------------------------------------------------------------------------------------------------------- a mutant
def codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from codes(one)


def patch(mutant: Mutant, functions: dict[tuple[str, str, int], list[FunctionType]]) -> None:
    """Put a mutant's code into the live function, wherever that has been imported to."""
    assert mutant.owner is not None
    path = str(ROOT / mutant.file)
    mutant.put()
    changed = compile(ast.fix_missing_locations(mutant.tree), path, "exec", dont_inherit=True)
    new = next(one for one in codes(changed) if (one.co_qualname, one.co_firstlineno) == mutant.owner)
    if (path, *mutant.owner) not in functions:
        raise RuntimeError(f"`{mutant.owner[0]}` of `{mutant.file}` is nowhere to be found")
    for function in functions[path, *mutant.owner]:
        function.__code__ = new


def live_functions() -> dict[tuple[str, str, int], list[FunctionType]]:
    gc.unfreeze()  # what is frozen for the sake of forks is not among the objects
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            code = one.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(one)
    return dict(found)


class Planted(importlib.machinery.SourceFileLoader):
    """Imports one module from a mutant's tree."""

    def __init__(self, mutant: Mutant) -> None:
        path = ROOT / mutant.file
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        super().__init__(name, str(path))
        self._mutant = mutant

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        self._mutant.put()
        tree = ast.fix_missing_locations(self._mutant.tree)
        exec(compile(tree, self.path, "exec", dont_inherit=True), module.__dict__)


def planted(mutant: Mutant | None, tests: Sequence[str], seconds: dict[str, float]) -> str:
    """Import the project with a mutant of what runs at import, and run tests."""
    silent()
    if mutant is not None:
        sys.meta_path.insert(0, Planted(mutant))
    result = ["it cannot be imported"]

    def run(items: list[Any]) -> None:
        named = {item.nodeid: item for item in items}
        # a table may be spread over the tests' own parameters: one that is gone has noticed
        gone = [test for test in tests if test not in named]
        result[:] = [gone[0] if gone else failures([named[test] for test in tests], seconds)]

    limit(60)
    if collected(sorted({test.partition("::")[0] for test in tests}), run) == 3:
        raise RuntimeError("pytest fails inside")
    return result[0]


def cold(mutants: Sequence[Mutant], survey: Survey) -> Iterator[tuple[Mutant, str]]:
    """Try mutants of what runs at import: with the likeliest tests first, for collecting all takes its time."""
    for name in ("hypothesis", "botocore.session"):
        importlib.import_module(name)  # what is slow to import, once for all forks
    jobs: list[tuple[Mutant | None, list[str]]] = []
    for mutant in mutants:
        tests = survey.tests(mutant)
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))[:2]
        jobs.append((mutant, [test for test in tests if test.partition("::")[0] in files]))
    jobs[:0] = [(None, jobs[0][1])] if jobs else []
    left = []
    for (one, _), test in forked(jobs, lambda job: planted(job[0], job[1], survey.seconds)):
        if one is not None and test != UNSEEN:
            yield one, test
        elif one is not None:
            left.append(one)
        elif test != UNSEEN:
            raise RuntimeError(f"without a mutant fails {test}")
    yield from forked(left, lambda mutant: planted(mutant, survey.tests(mutant), survey.seconds))


def told(mutant: Mutant, test: str) -> None:
    """Say at once which mutant nothing noticed."""
    if test == UNSEEN:
        line = f"unnoticed: {mutant.file}:{mutant.lines.start}: {mutant.where}: {mutant.text}"
        print(line, file=sys.__stdout__, flush=True)


def warm(mutants: Sequence[Mutant]) -> tuple[Survey, list[tuple[int, str]]]:
    """Collect the tests, look who runs what, and try mutants of functions."""
    watch = Watch()
    found: list[tuple[int, str]] = []

    def everything(items: list[Any]) -> None:
        for one in gc.get_objects():
            if isinstance(one, functools._lru_cache_wrapper):
                one.cache_clear()  # what was asked while the tests were collected was answered without a mutant
        functions, named = live_functions(), {item.nodeid: item for item in items}
        ((_, watch.survey),) = forked([items], watch.run, seconds=LONG)
        survey = watch.survey
        if survey.failed:
            return

        def attempt(number: int) -> str:
            silent()
            if number < 0:
                return failures(items, survey.seconds)
            patch(mutants[number], functions)
            return failures([named[test] for test in survey.tests(mutants[number])], survey.seconds)

        live = [number for number, one in enumerate(mutants) if not survey.at_import(one)]
        for number, test in forked([-1, *live], attempt):
            if number >= 0:
                found.append((number, test))
                survey.noticed(mutants[number], test)
                told(mutants[number], test)
            elif test != UNSEEN:
                raise RuntimeError(f"without a mutant fails {test}")

    if collected([f"tests/{one}" for one in TESTS], everything, [watch]):
        raise RuntimeError("the tests were not run")
    return watch.survey, found


# ----------------------------------------------------------------------------------------------------------- the score
def sample(files: dict[str, list[Mutant]], size: int, seed: str) -> list[Mutant]:
    """Choose mutants of each file by its share, and never fewer than ``FLOOR``."""
    total = sum(map(len, files.values()))
    chosen: list[Mutant] = []
    for name, mutants in files.items():
        share = min(len(mutants), max(FLOOR, round(size * len(mutants) / total)))
        places = sorted(random.Random(f"{seed} {name}").sample(range(len(mutants)), share))
        chosen += [mutants[place] for place in places]
    return chosen


def score(files: dict[str, list[Mutant]], results: Sequence[tuple[Mutant, str]]) -> float:
    """Print what became of the mutants by file; return the percentage noticed, each file weighing what it has."""
    print(f"{'file':40} {'mutants':>8} {'tried':>6} {'noticed':>8} {'score':>7}")
    noticed = weight = 0.0
    for name, mutants in files.items():
        tests = [test for mutant, test in results if mutant.file == name]
        if tests:
            share = sum(test != UNSEEN for test in tests) / len(tests)
            print(f"{name:40} {len(mutants):8} {len(tests):6} {round(share * len(tests)):8} {share:7.1%}")
            noticed, weight = noticed + share * len(mutants), weight + len(mutants)
    return 100 * noticed / weight


def main(names: Sequence[str]) -> int:
    """Try mutants of the files whose names hold one of *names*, print the score, and say whether it will do."""
    size, seed = os.environ.get("FLOODLINE_MUTANTS", "400"), os.environ.get("FLOODLINE_MUTANTS_SEED", "1")
    everything = {
        path.relative_to(ROOT).as_posix(): mutants_of(path, ROOT)
        for pattern in ENGINE
        for path in sorted(ROOT.glob(pattern))
    }
    listed = tomllib.loads(LIST.read_text("utf-8")).get("mutant", [])
    equal = {(one["where"], one["text"]) for one in listed}
    stale = [f"names no mutant: {key}" for key in equal - {one.key for ones in everything.values() for one in ones}]
    files = {
        name: kept
        for name, ones in everything.items()
        if (kept := [one for one in ones if one.key not in equal])
        and (not names or any(part in name for part in names))
    }
    chosen = sample(files, sum(map(len, files.values())) if size == "all" else int(size), seed)
    if size == "all":
        chosen += [one for name in files for one in everything[name] if one.key in equal]
    started = time.monotonic()
    ((_, (survey, found)),) = forked([[one for one in chosen if one.owner]], warm, seconds=LONG)
    if survey.failed:
        print("the tests fail without any mutant:", *survey.failed, sep="\n")
        return 1
    tried = [one for one in chosen if one.owner]
    results = [(tried[number], test) for number, test in found]
    for mutant, test in cold([one for one in chosen if survey.at_import(one)], survey):
        results.append((mutant, test))
        told(mutant, test)
    print()
    stale += [f"is noticed by {test}: {one.key}" for one, test in results if one.key in equal and test != UNSEEN]
    percent = score(files, [one for one in results if one[0].key not in equal])
    for one in stale:
        print(f"`{LIST.name}` is out of date: an entry {one}")
    took = time.monotonic() - started
    print(
        f"mutation score: {percent:.1f} % of {len(results)} mutants of the engine (seed {seed}, {len(equal)} listed as "
        f"equivalent, {took:.0f} s; held at {HELD:.0f} %, {WANTED:.0f} % are wanted)"
    )
    return 1 if stale or percent < HELD else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of what a seed repeats
        os.environ.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1", FLOODLINE_PAIRS="150")
        os.execv(sys.executable, [sys.executable, *sys.argv])
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(PYTEST_DEBUG_TEMPROOT=folder, HYPOTHESIS_STORAGE_DIRECTORY=folder)
        sys.exit(main(sys.argv[1:]))
