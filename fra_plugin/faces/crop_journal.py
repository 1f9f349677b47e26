"""The journal of a run over photos: what is done, so that an interrupted run goes on and a later one does what is new."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, TextIO

from ..files.stamp import Stamp, read_stamp
from ..files.whole_file import whole_file

JOURNAL = '.photos.jsonl'
SETTINGS = '.settings.json'


class CropJournal:
    """A line of json for each photo, beside the stamp of the settings.

    Args:
        out: the folder that the run writes.
        facts: all settings that its results depend on.
        overwrite: whether what other settings have made may be removed.
    """

    def __init__(self, out: Path, facts: Mapping[str, Any], overwrite: bool) -> None:
        self.out = out
        self.stamp = Stamp(**facts)
        self.overwrite = overwrite
        self.rows: Dict[str, List[dict]] = {}
        self._states: Dict[str, list] = {}
        self._file: Optional[TextIO] = None

    def open(self, photos: Path, sources: Sequence[str]) -> List[str]:
        """Take over what is done already, and begin to write.

        Args:
            photos: folder of the photos.
            sources: all photos below it.

        Returns:
            The photos that are left to do: new ones, changed ones, and those whose crops are gone.

        Raises:
            ValueError: if the folder holds other files, or the results of other settings which may not be removed.
        """
        self._photos = photos
        known = self._read()
        if (self.out / SETTINGS).is_file() or known:
            difference = self.stamp.difference(read_stamp(self.out / SETTINGS))
            if difference and not self.overwrite:
                raise ValueError(
                    f'{self.out} was made with other settings ({difference}): choose another folder, or --overwrite'
                )
            if difference:
                self._remove(known.values())
                known = {}
        elif self.out.is_dir() and any(self.out.iterdir()):
            raise ValueError(f'{self.out} is not empty, and was not made by this command: choose another folder')
        states = {source: _state(photos / source) for source in sources}
        done = {
            source: entry
            for source, entry in known.items()
            if entry['state'] == states.get(source)
            and all((self.out / row['crop']).is_file() for row in entry['rows'] if row.get('crop'))
        }
        self._remove(entry for source, entry in known.items() if source not in done)
        self.rows = {source: entry['rows'] for source, entry in done.items()}
        self._states = states
        self.stamp.write(self.out / SETTINGS)
        with whole_file(self.out / JOURNAL) as partial:
            Path(partial).write_text(''.join(map(_line, done.values())), encoding='utf-8')
        self._file = open(self.out / JOURNAL, 'a', encoding='utf-8')  # noqa: SIM115 - until close()
        return [source for source in sources if source not in done]

    def add(self, source: str, rows: List[dict]) -> None:
        """Note what became of a photo."""
        self.rows[source] = rows
        self._file.write(_line(dict(source=source, state=self._states[source], rows=rows)))
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _read(self) -> Dict[str, dict]:
        """The entries by photo; what a kill has cut off is left out."""
        known = {}
        try:
            lines = (self.out / JOURNAL).read_text(encoding='utf-8').splitlines()
        except (OSError, UnicodeDecodeError):
            return known
        for line in lines:
            try:
                entry = json.loads(line)
                known[entry['source']] = dict(
                    source=entry['source'], state=entry['state'], rows=[dict(row) for row in entry['rows']]
                )
            except (ValueError, KeyError, TypeError):
                continue
        return known

    def _remove(self, entries) -> None:
        """The crops of entries that are no longer true. The journal may come from anywhere: nothing outside is touched."""
        root = os.path.realpath(self.out)
        for entry in entries:
            for row in entry['rows']:
                path = os.path.realpath(os.path.join(root, str(row.get('crop') or '')))
                if path.startswith(os.path.join(root, '')) and os.path.isfile(path):
                    os.remove(path)


def _state(path: Path) -> list:
    """What tells that a photo has changed."""
    stat = os.stat(path)
    return [stat.st_size, stat.st_mtime_ns]


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry) + '\n'
