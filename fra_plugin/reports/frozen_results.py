"""Numbers of a comparison of frozen features, kept in a file, and the tables that are made of them."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..files.stamp import Stamp
from ..files.whole_file import whole_file
from .paired_difference import paired_difference
from .result_table import mean_and_std

_OF = ': '


class Column(NamedTuple):
    """One number of each row: a task, learnt from a share of the labels (None where it needs none)."""

    task: str
    share: Optional[float]

    def of(self, measure: str) -> 'Column':
        """Another number of the same task and share, such as that of one class."""
        return self._replace(task=f'{self.task}{_OF}{measure}')

    @property
    def measure(self) -> str:
        """What :meth:`of` was given; '' for the number of the main table."""
        return self.task.partition(_OF)[2]

    def __str__(self) -> str:
        return self.task if self.share is None else f'{self.task} {100 * self.share:g}%'


class Result(NamedTuple):
    """What is measured: a run of a method (run '' where there is one only), in a place of its network."""

    method: str
    run: str
    place: str
    column: Column
    seed: int


class FrozenResults:
    """Numbers by :class:`Result`, in a json file that is written after each of them.

    A name of a row is ``METHOD`` or ``METHOD/RUN``: pre-trainings of one method, of which equal runs of two methods had
    the same seed. It stands for one source for good, and so does the name of a task.

    Args:
        path: of the file, which is read where there is one.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self.content: Dict[str, Any] = dict(sources={}, stamps={}, numbers={}, commands=[])
        if self.path.is_file():
            try:
                self.content.update(json.loads(self.path.read_text(encoding='utf-8')))
            except (ValueError, TypeError) as error:
                raise ValueError(f'{self.path} is not a file of results: {error}') from None
        self.numbers: Dict[Result, float] = {_result(key): number for key, number in self.content['numbers'].items()}

    def claim(self, name: str, stamp: Stamp, source: str = '') -> None:
        """Note what the numbers of a row or of a task depend on.

        Args:
            name: of the row or the task.
            stamp: all that they depend on.
            source: of a row, as it was typed; the file may have moved since. Defaults to '', a task.

        Raises:
            ValueError: if the file has numbers of something else under this name.
        """
        known = self.content['stamps'].get(name)
        former = self.content['sources'].get(name) or {}
        if known is None and 'sha256' in former:  # from before there were stamps
            known = dict(weights=dict(sha256=former['sha256']))
        difference = stamp.difference(known) if known else None
        if difference:
            raise ValueError(f'{self.path} has results of another {name} ({difference}): choose another name or --out')
        self.content['stamps'][name] = stamp.facts
        if source:
            self.content['sources'][name] = dict(source=source)

    def put(self, result: Result, number: float) -> None:
        self.numbers[result] = number
        self.content['numbers'][_key(result)] = number
        self.write()

    def write(self) -> None:
        with whole_file(self.path) as partial:
            Path(partial).write_text(json.dumps(self.content, indent=1), encoding='utf-8')

    def runs(self, method: str, place: str, column: Column) -> Dict[str, List[float]]:
        """By run: the numbers of its seeds."""
        found: Dict[str, List[float]] = {}
        for result in sorted(self.numbers, key=lambda result: result.seed):
            if (result.method, result.place, result.column) == (method, place, column):
                found.setdefault(result.run, []).append(self.numbers[result])
        return found

    def values(self, method: str, place: str, column: Column) -> List[float]:
        """What a mean and a deviation are taken of: the runs' means, or the seeds' numbers of a single run."""
        runs = self.runs(method, place, column)
        return [float(np.mean(run)) for run in runs.values()] if len(runs) > 1 else sum(runs.values(), [])

    def rows(self) -> List[Tuple[str, str]]:
        """(method, place) of all that was measured, in the order of their first numbers."""
        return list(dict.fromkeys((result.method, result.place) for result in self.numbers))

    def further(self, column: Column) -> List[Column]:
        """The further numbers of a column, in the order in which they were measured first."""
        found = dict.fromkeys(result.column for result in self.numbers)
        return [other for other in found if other.measure and column.of(other.measure) == other]

    def table(self, columns: Sequence[Column]) -> Tuple[List[str], List[list]]:
        """Header and rows: of several runs mean and deviation of the runs, of one run those of its seeds."""
        rows = []
        for method, place in self.rows():
            cells, most = [], 1
            for column in columns:
                most = max(most, len(self.runs(method, place, column)))
                cells.append(mean_and_std(self.values(method, place, column)) or None)
            if any(cells):
                name = ', '.join(part for part in (method, place) if part)
                rows.append([name + (f' ({most} runs)' if most > 1 else ''), *cells])
        return ['features', *map(str, columns)], rows

    def comparisons(
        self, columns: Sequence[Column], higher_is_better: Mapping[str, bool]
    ) -> Tuple[List[str], List[list]]:
        """Header and rows: by how much a method is better than another one, run by run of the same seed.

        Each cell is the mean and the 95 % interval of the difference; above 0 the first method is better.
        """
        rows = []
        for (first, place), (second, other) in combinations(self.rows(), 2):
            if first == second or place != other:
                continue
            cells, most = [], 0
            for column in columns:
                both = [self.runs(method, place, column) for method in (first, second)]
                shared = [run for run in both[0] if run and run in both[1]]
                if len(shared) < 2:
                    cells.append(None)
                    continue
                most = max(most, len(shared))
                values = [np.array([np.mean(runs[run]) for run in shared]) for runs in both]
                mean, low, high = paired_difference(*(values if higher_is_better[column.task] else values[::-1]))
                cells.append(f'{mean:+.2f} [{low:+.2f}, {high:+.2f}]')
            if any(cells):
                rows.append([f'{first} against {second}' + (f', {place}' if place else '') + f' ({most} runs)', *cells])
        return ['comparison', *map(str, columns)], rows


def _key(result: Result) -> str:
    share = '' if result.column.share is None else repr(float(result.column.share))
    return ' | '.join((result.method, result.run, result.place, result.column.task, share, str(result.seed)))


def _result(key: str) -> Result:
    method, run, place, task, share, seed = key.split(' | ')
    return Result(method, run, place, Column(task, float(share) if share else None), int(seed))
