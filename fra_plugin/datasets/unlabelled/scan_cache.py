"""The list of images on disk, so that 3.3 million of them start in seconds the second time.

One .npz of plain arrays beside the data (or where the user says), written to a temporary file and renamed. It is
used only while every folder (or archive) has the stamp that it had, see :mod:`.folder_stamp`; where stamps can't be relied
on, the data are scanned at every start.
"""

import hashlib
import logging
import os
import tempfile
import time
import zipfile
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.logging import print_log

from ...files.printable import printable
from .folder_scan import PROGRESS_SECONDS
from .folder_stamp import FolderStamp

FORMAT = 'fra_plugin folder scan 2'
NAME_LENGTH = 40  # characters of the folder's name in the file's, at most 160 bytes of 255


class CachedScan(NamedTuple):
    """What was saved: the records (bytes, uint8), and what was left out, in words."""

    records: np.ndarray
    left_out: str


class ScanCache:
    """Loads and saves the records of one folder (or archive) under one setting.

    Args:
        root: the folder or archive.
        setting: all that the records depend on beside the data themselves.
        cache_dir: where the file lies. Defaults to None: beside the data if that can be written,
            else in ~/.cache/fra_plugin.
    """

    def __init__(self, root: str, setting: str, cache_dir: Optional[str] = None) -> None:
        self.root = os.path.abspath(root)
        self.setting = f'{FORMAT}\n{setting}'
        if cache_dir is None:
            self.places = [os.path.dirname(self.root), os.path.expanduser('~/.cache/fra_plugin')]
        else:
            self.places = [os.path.expanduser(cache_dir)]
        digest = hashlib.sha256(f'{self.root}\n{self.setting}'.encode('utf-8', 'surrogateescape')).hexdigest()
        self.name = f'.{os.path.basename(self.root)[:NAME_LENGTH]}.{digest[:12]}.npz'
        self.started = time.monotonic()

    def load(self, stamps_now: Callable[[str, Sequence[str]], List[Optional[FolderStamp]]]) -> Optional[CachedScan]:
        """What was saved, if the stamps are those that ``stamps_now(root, names)`` gives; else None."""
        for place in self.places:
            path = os.path.join(place, self.name)
            if not os.path.isfile(path):
                continue
            try:
                # Into memory, not memory-mapped: a mapped file on a disk that goes away kills the process (SIGBUS).
                # Workers forked later share the pages.
                with np.load(path, allow_pickle=False) as file:
                    arrays = {key: file[key] for key in ('setting', 'folders', 'stamps', 'records', 'left_out')}
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                print_log(
                    f'{printable(path)}: the cached scan is damaged ({error}); scanning again',
                    'current',
                    logging.WARNING,
                )
                continue
            if arrays['setting'].tobytes() != self.setting.encode('utf-8', 'surrogateescape'):
                continue
            names, stamps = os.fsdecode(arrays['folders'].tobytes()).split('\0'), arrays['stamps']
            if stamps.shape != (len(names), len(FolderStamp._fields)):
                continue
            if stamps_now(self.root, names) == [FolderStamp(*stamp) for stamp in stamps.tolist()]:
                return CachedScan(arrays['records'], printable(arrays['left_out'].tobytes()))
        return None

    def save(
        self, records: np.ndarray, stamps: Dict[str, Optional[FolderStamp]], left_out: str, distrust: str = ''
    ) -> None:
        """Write the cache to the first place that can be written; a log line says so if none can.

        Args:
            records: as CachedScan has them.
            stamps: of each folder or archive, by its name.
            left_out: in words, what is not in the records.
            distrust: why the stamps would not tell a change; then nothing is written. Defaults to ''.
        """
        if distrust:
            if time.monotonic() - self.started > PROGRESS_SECONDS:
                print_log(f'The scan of {printable(self.root)} is not kept for the next start: {distrust}.', 'current')
            return
        errors: List[str] = []
        for place in self.places:
            try:
                self._write(
                    place,
                    setting=_array(self.setting.encode('utf-8', 'surrogateescape')),
                    folders=_array(os.fsencode('\0'.join(stamps))),
                    stamps=np.array(list(stamps.values()), np.int64),
                    records=records,
                    left_out=_array(left_out.encode()),
                )
                return
            except OSError as error:
                errors.append(f'{printable(place)}: {error.strerror}')
        print_log(
            f'The scan of {printable(self.root)} could not be cached ({"; ".join(errors)}): every start scans it again. '
            f'Set cache_dir.',
            'current',
            logging.WARNING,
        )

    def _write(self, place: str, **arrays: np.ndarray) -> None:
        os.makedirs(place, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix='.tmp', prefix=self.name, dir=place)
        try:
            with os.fdopen(handle, 'wb') as file:
                np.savez(file, **arrays)
            os.chmod(temporary, 0o644)  # mkstemp's 0600 would shut out the others who share the data
            os.replace(temporary, os.path.join(place, self.name))
        except BaseException:
            os.unlink(temporary)
            raise


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)
