"""Image files with anything in them: a face image, or a BrokenImageError that names the file."""

import io

import numpy as np
import pytest
from archive_bytes import gnu_long, member, noise, pax, write_pack, write_tar
from fuzz.many_cases import cases, damaged_bytes, fuzz
from hypothesis import strategies as st
from PIL import Image

from fra_plugin.datasets import BrokenImageError, FaceFolder, FaceRecords, FaceTar, LoadFace

FORMATS = [
    ('JPEG', 'RGB'),
    ('JPEG', 'L'),
    ('JPEG', 'CMYK'),
    ('PNG', 'RGBA'),
    ('PNG', 'P'),
    ('PNG', 'I;16'),
    ('GIF', 'P'),
    ('BMP', 'RGB'),
    ('TIFF', 'RGB'),
    ('WEBP', 'RGB'),
    ('PPM', 'RGB'),
]


def encoded(file_format: str, mode: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image = (
        Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
        if mode == 'I;16'
        else Image.fromarray(noise).convert(mode)
    )
    file = io.BytesIO()
    image.save(file, file_format)
    return file.getvalue()


@cases(10, 100)
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('file_format, mode', FORMATS)
def test_a_damaged_image_is_a_face_or_is_named_as_broken(tmp_path, file_format, mode, cases):
    path = tmp_path / 'face'
    load = LoadFace(reduce_to=8)
    outcomes = set()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            results = load(dict(img_path=str(path)))
        except BrokenImageError as error:
            assert error.path == str(path) and error.reason
            outcomes.add('broken')
            return
        outcomes.add('face')
        img = results['img']
        assert img.dtype == np.uint8 and img.ndim == 3 and img.shape[2] == 3 and img.size
        assert results['img_shape'] == img.shape[:2]

    original = encoded(file_format, mode)
    check(original)
    fuzz(cases, check, damaged_bytes(original) | st.binary(max_size=100))
    assert outcomes == {'broken', 'face'}


def records(path) -> None:
    write_pack(path, [noise(i, 16) for i in range(4)])


def tar(path) -> None:
    images = [noise(i, 16) for i in range(4)]
    members = [member('0.jpg', images[0]), gnu_long('x' * 120 + '.jpg', images[1])]
    write_tar(path, [*members, pax(dict(path='2.jpg')) + member('x', images[2]), member('3.jpg', images[3])])


@cases(20, 1000)
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('write, name, kind', [(records, 'train.rec', FaceRecords), (tar, 'faces.tar', FaceTar)])
def test_a_damaged_archive_gives_faces_names_broken_ones_or_is_refused(tmp_path, write, name, kind, cases):
    path = tmp_path / name
    write(path)
    whole, outcomes = path.read_bytes(), set()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            dataset = kind(data_prefix=str(path), test_mode=True, pipeline=[dict(type='LoadFace')])
        except ValueError as error:
            assert name in str(error) and '\n' not in str(error)
            return
        for i in range(len(dataset)):
            try:
                assert dataset[i]['img'].ndim == 3
                outcomes.add('face')
            except BrokenImageError as error:
                assert error.path.startswith(f'{path}/') and error.reason
                outcomes.add('broken')

    fuzz(cases, check, damaged_bytes(whole))
    assert outcomes == {'broken', 'face'}


def test_a_training_set_gives_a_face_for_every_index_whatever_is_broken(tmp_path):
    """One file stays whole; all others are cut at some byte."""
    data = encoded('JPEG', 'RGB')
    for i in range(40):
        (tmp_path / f'{i:02}.jpg').write_bytes(data if i == 7 else data[: len(data) * i // 50])
    dataset = FaceFolder(str(tmp_path), cache_dir=str(tmp_path), max_refetch=1000,
                         pipeline=[dict(type='LoadFace'), dict(type='PackInputs')])  # yapf: disable
    shapes = {tuple(dataset[i]['inputs'].shape) for i in range(40)}
    assert shapes == {(3, 20, 30)}
