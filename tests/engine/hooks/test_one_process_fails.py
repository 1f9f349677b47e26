"""What goes wrong on one of two processes ends both at once, or none."""

import json
import re

import cv2
import numpy as np
import pytest
import torch.multiprocessing as mp
from one_process_fails import CASES, worker

# Empty: nothing happens on either.
EXPECTED = dict(
    an_image_that_one_process_reads_is_broken='1.jpg',
    a_batch_of_a_validation_fails='ValueError: 1.jpg is broken',
    a_picture_fails='RuntimeError: no memory',
    a_picture_cannot_be_written='',
    a_report_fails='ZeroDivisionError: division by zero',
    the_list_of_broken_images_cannot_be_written='',
    the_evidence_cannot_be_written='the evidence could not be written',
    an_error_cannot_be_copied='ab',
    machines_with_caches_of_their_own='',
    one_machine_downloads_once='',
    a_download_fails='OSError: https://host/w.pth could not be downloaded to .*: no route to host',
    channels_last_under_data_parallelism='',
)


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('one_process')
    for i in range(4):
        cv2.imwrite(str(folder / f'{i}.jpg'), np.full((8, 8, 3), 60 * i, np.uint8))
    (folder / '1.jpg').write_bytes(b'no image')
    (folder / 'faces.csv').write_text('path,label\n' + ''.join(f'{i}.jpg,{i % 2}\n' for i in range(4)))
    (folder / 'file').write_text('a file where a folder should be')
    mp.spawn(worker, args=(str(folder),), nprocs=2)
    return [json.loads((folder / f'rank{rank}.json').read_text()) for rank in range(2)]


@pytest.mark.parametrize('case', CASES)
def test_both_processes_hear_of_it(found, case):
    for of_rank in found:
        assert re.search(EXPECTED[case] or '^nothing$', of_rank[case])
