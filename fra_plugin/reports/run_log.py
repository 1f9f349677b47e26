"""What a work directory tells about its run, finished or still going."""

import json
import re
from pathlib import Path
from typing import Dict, Iterator, List, Tuple, Union

import numpy as np

WARNING = re.compile(r'^([\d/]+ [\d:]+) - \w+ - WARNING - (.*)$')
PICTURE = re.compile(r'iter_(\d+)\.(?:jpg|png)$')


class RunLog:
    """The scalars of all parts of a run (it may have been resumed), its pictures of the regions, and its warnings.

    Works for any run of mmengine that has the local visualization backend.

    Args:
        work_dir: work directory, or the time-stamped folder of one part in it.

    Attributes:
        series: by name, (iterations, values), both (N,), in the order of the iterations.
        pictures: (iteration, file), in the order of the iterations.
        warnings: (time, text) of the warnings since the first iteration, each text once, with its last time.
        updated: when something was last logged, seconds since 1970.

    Raises:
        FileNotFoundError: if there is no such folder, or no scalars in it.
        ValueError: for a line that is no json, other than the last one of a file.
    """

    def __init__(self, work_dir: Union[str, Path]) -> None:
        self.work_dir = Path(work_dir)
        if not self.work_dir.is_dir():
            raise FileNotFoundError(f'no work directory {work_dir}')
        files = sorted(self.work_dir.glob('*/vis_data/scalars.json')) or sorted(
            self.work_dir.glob('vis_data/scalars.json')
        )
        records: List[Tuple[int, dict]] = []
        end_of_epoch: Dict[int, int] = {}
        for file in files:
            part = list(_with_iteration(_records(file), end_of_epoch))
            trained = [iteration for iteration, record in part if 'iter' in record]
            if trained:  # a resumed run writes some iterations again
                records = [record for record in records if record[0] < min(trained)]
            records += part
        if not records:
            raise FileNotFoundError(
                f'{work_dir}: no scalars in */vis_data/scalars.json; expected the work directory of '
                'a run that has done its first iterations'
            )
        self.updated = max(file.stat().st_mtime for file in files)
        self.series = _series(records)
        self.pictures = sorted(
            (int(PICTURE.search(path.name).group(1)), path)
            for path in self.work_dir.glob('regions/iter_*')
            if PICTURE.search(path.name)
        )
        self.warnings = _warnings(self.work_dir)

    @property
    def iterations(self) -> int:
        """Iterations done at the last record."""
        return int(max(steps[-1] for steps, _ in self.series.values()))

    def last(self, name: str):
        """The last value of a series, None where there is none."""
        return float(self.series[name][1][-1]) if name in self.series else None


def _records(file: Path) -> Iterator[dict]:
    """The lines of a scalars.json; the last one may be half written."""
    lines = file.read_text(encoding='utf-8', errors='replace').splitlines()
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError('not an object')
        except ValueError as error:
            if number < len(lines) and line.strip():
                raise ValueError(f'{file}:{number}: expected a json object, {error}') from None
            continue
        yield record


def _with_iteration(records: Iterator[dict], end_of_epoch: Dict[int, int]) -> Iterator[Tuple[int, dict]]:
    """(iteration, record): a record of an evaluation may count epochs, whose last iteration is then known, by epoch."""
    for record in records:
        if 'iter' in record:
            iteration = int(record['iter'])
            end_of_epoch[record.get('epoch')] = iteration
        else:
            iteration = end_of_epoch.get(record.get('step'), record.get('step', 0))
        yield int(iteration), record


def _series(records: List[Tuple[int, dict]]) -> Dict[str, Tuple[np.ndarray, np.ndarray]]:
    collected: Dict[str, Dict[int, float]] = {}
    for iteration, record in records:
        for name, value in record.items():
            if name not in ('iter', 'step') and isinstance(value, (int, float)):
                collected.setdefault(name, {})[iteration] = float(value)
    return {
        name: (np.array(sorted(values)), np.array([values[step] for step in sorted(values)]))
        for name, values in collected.items()
    }


def _warnings(work_dir: Path) -> List[Tuple[str, str]]:
    found: Dict[str, str] = {}
    for file in sorted(work_dir.glob('*/*.log')) or sorted(work_dir.glob('*.log')):
        trains = False
        for line in file.read_text(encoding='utf-8', errors='replace').splitlines():
            trains = trains or 'Epoch(train)' in line or 'Iter(train)' in line
            match = WARNING.match(line)
            if trains and match:
                found.pop(match.group(2), None)
                found[match.group(2)] = match.group(1)
    return [(time, text) for text, time in found.items()]
