"""The result of a folder scan on disk, so that 3.3 million files start in seconds the second time.

One .npz of plain arrays beside the folder (or where the user says), written to a temporary file and renamed. It is
used only while every folder has the stamp that it had, see :mod:`.folder_stamp`; where stamps can't be relied on, the
folder is scanned at every start.
"""

import hashlib
import logging
import os
import tempfile
import time
import zipfile
from typing import List, Optional, Tuple

import numpy as np
from mmengine.logging import print_log

from ...files.printable import printable
from .folder_scan import PROGRESS_SECONDS, Scan
from .folder_stamp import FolderStamp, folder_stamps, reason_for_distrust

FORMAT = 'fra_plugin folder scan 2'
NAME_LENGTH = 40  # characters of the folder's name in the file's, at most 160 bytes of 255


class ScanCache:
    """Loads and saves the records of one folder under one setting.

    Args:
        root: the folder.
        setting: all that the records depend on beside the folder itself.
        cache_dir: where the file lies. Defaults to None: beside the folder if that can be written,
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

    def load(self) -> Optional[Tuple[np.ndarray, str]]:
        """The records (bytes, uint8) and what was left out, if a valid cache is found; else None."""
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
            left_out = printable(arrays.pop('left_out').tobytes())
            if self._is_valid(**arrays):
                return arrays['records'], left_out
        return None

    def _is_valid(self, setting, folders, stamps, records) -> bool:
        if setting.tobytes() != self.setting.encode('utf-8', 'surrogateescape'):
            return False
        names = os.fsdecode(folders.tobytes()).split('\0')
        if stamps.shape != (len(names), len(FolderStamp._fields)):
            return False
        unchanged = folder_stamps(self.root, names) == [FolderStamp(*stamp) for stamp in stamps.tolist()]
        # The file may have come with the data: it must not lead out of the folder either. (A folder whose name ends in
        # '..' or a blank looks the same here, and is scanned every time.)
        data = records.tobytes()
        return unchanged and not (data.startswith(b'/') or any(x in data for x in (b'\0/', b' /', b'../')))

    def save(self, records: np.ndarray, scan: Scan) -> None:
        """Write the cache to the first place that can be written; a log line says so if none can.

        Nothing is written where stamps would not tell a change.
        """
        reason = reason_for_distrust(self.root, scan.stamps)
        if reason:
            if time.monotonic() - self.started > PROGRESS_SECONDS:
                print_log(f'The scan of {printable(self.root)} is not kept for the next start: {reason}.', 'current')
            return
        errors: List[str] = []
        for place in self.places:
            try:
                self._write(place, records, scan)
                return
            except OSError as error:
                errors.append(f'{printable(place)}: {error.strerror}')
        print_log(
            f'The scan of {printable(self.root)} could not be cached ({"; ".join(errors)}): every start scans it again. '
            f'Set cache_dir.',
            'current',
            logging.WARNING,
        )

    def _write(self, place: str, records: np.ndarray, scan: Scan) -> None:
        os.makedirs(place, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix='.tmp', prefix=self.name, dir=place)
        try:
            with os.fdopen(handle, 'wb') as file:
                np.savez(
                    file,
                    setting=_array(self.setting.encode('utf-8', 'surrogateescape')),
                    folders=_array(os.fsencode('\0'.join(scan.stamps))),
                    stamps=np.array(list(scan.stamps.values()), np.int64),
                    records=records,
                    left_out=_array(scan.left_out.encode()),
                )
            os.chmod(temporary, 0o644)  # mkstemp's 0600 would shut out the others who share the data
            os.replace(temporary, os.path.join(place, self.name))
        except BaseException:
            os.unlink(temporary)
            raise


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)
