"""Data sets of 3.3 million faces, the size of VGGFace2: how long they take to start, and how much memory.

`pytest -m slow -s tests/datasets/unlabelled/test_millions.py` prints the numbers. Times depend on the machine and are not
checked. The files take 3.5 GB for some minutes, and 3.3 million files of their own are made for FaceFolder.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
from archive_bytes import face_data, noise, record, tar_header

FACES = 3_300_000
PEOPLE = 8631
# The interpreter with all that is imported, 0.7 GiB, is a part of it.
MOST_GIB = 1.1
MOST_GIB_OF_A_FOLDER = 1.3  # whose paths are a list while it is scanned
MOST_MIB_OF_A_WORKER = 8.0

START = """
import json, os, random, resource, sys, time
from fra_plugin import datasets
kind, arguments = sys.argv[1], json.loads(sys.argv[2])
imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
start, cpu = time.perf_counter(), time.process_time()
dataset = getattr(datasets, kind)(**arguments)
found = dict(
    faces=len(dataset), seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu,
    peak_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, of_it_imports_gib=imported,
    index_mb=(dataset.data_bytes.nbytes + dataset.data_address.nbytes) / 1e6)

def private():
    with open('/proc/self/smaps_rollup') as file:
        fields = dict(line.split(':') for line in file if ':' in line)
    return sum(int(fields[key].split()[0]) for key in ('Private_Dirty', 'Private_Clean')) / 1024

read, write = os.pipe()
if os.fork() == 0:  # as a data worker
    before = private()
    random.seed(0)
    for _ in range(20000):
        dataset.get_data_info(random.randrange(len(dataset)))
    os.write(write, b'%f' % (private() - before))
    os._exit(0)
found['worker_mib'] = float(os.read(read, 99))
print(json.dumps(found))
"""


def start(kind: str, **arguments) -> dict:
    """Starts the data set in a process of its own."""
    command = [sys.executable, '-c', START, kind, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(kind, {name: round(value, 2) for name, value in found.items()})
    return found


def check(found: dict, most_gib: float = MOST_GIB) -> None:
    assert found['faces'] == FACES
    assert found['peak_gib'] < most_gib
    assert found['worker_mib'] < MOST_MIB_OF_A_WORKER


@pytest.fixture
def room(tmp_path):
    """A folder that is emptied whatever happens."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_records(room):
    """One face in a thousand is there, the others are holes of the file."""
    head, image = record(face_data(b'', (FACES + 1.0, FACES + 1.0 + PEOPLE))), record(face_data(noise(0, 112)))
    with open(room / 'train.rec', 'wb') as file, open(room / 'train.idx', 'w') as index:
        file.write(head)
        index.write('0\t0\n')
        for key in range(1, FACES + PEOPLE + 1):
            offset = len(head) + 6000 * (key - 1)
            if key % 1000 == 1:
                file.seek(offset)
                file.write(image)
            index.write(f'{key}\t{offset}\n')
        file.truncate(offset + 6000)
    for _ in range(2):
        check(start('FaceRecords', data_root=str(room)))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_tar(room):
    data = b'\xff\xd8'.ljust(510) + b'\xff\xd9'
    empty = tar_header(b'', 512)
    total = int(empty[148:154], 8)
    with open(room / 'faces.tar', 'wb', buffering=1 << 20) as file:
        for i in range(FACES):
            name = b'n%06d/%04d_01.jpg' % (i * PEOPLE // FACES, i % 1000)
            header = name.ljust(100, b'\0') + empty[100:148] + b'%06o\0 ' % (total + sum(name)) + empty[156:]
            file.write(header + data)
    for _ in range(2):
        check(start('FaceTar', data_prefix=str(room / 'faces.tar'), cache_dir=str(room)))
        assert len(list(room.glob('.faces.tar.*.npz'))) == 1, 'the index is kept'


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_folder(room):
    """Empty files, as no image is read before it is wanted."""
    faces, each = room / 'faces', -(-FACES // PEOPLE)
    for first in range(0, FACES, each):
        folder = f'{faces}/n{first // each:06d}'
        os.makedirs(folder)
        for i in range(min(each, FACES - first)):
            os.close(os.open(f'{folder}/{i:04d}_01.jpg', os.O_CREAT | os.O_WRONLY))
        os.utime(folder, (0, 0))  # what has just changed is not kept
    for _ in range(2):
        check(start('FaceFolder', data_prefix=str(faces), cache_dir=str(room)), MOST_GIB_OF_A_FOLDER)
