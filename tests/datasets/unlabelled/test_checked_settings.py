"""Settings that can't be meant are refused in one line, by all data sets of unlabelled faces."""

import pytest

from fra_plugin.datasets import FaceFolder, FaceRecords, FaceTar

EVERY = pytest.mark.parametrize('kind', [FaceFolder, FaceRecords, FaceTar])


@EVERY
@pytest.mark.parametrize(
    'setting, got',
    [
        (dict(data_root=None), 'data_root must be a path, got None'),
        (dict(data_prefix=3), 'data_prefix must be a path, got 3'),
        (dict(data_prefix=['faces.tar']), r"data_prefix must be a path, got \['faces.tar'\]"),
        (dict(data_prefix=dict(img_path=None)), r"data_prefix\['img_path'\] must be a path, got None"),
        (dict(ann_file=0), 'ann_file must be a path, got 0'),
        (dict(boxes=True), 'boxes must be a path, got True'),
        (dict(cache_dir=1), 'cache_dir must be a path, got 1'),
    ],
)
def test_what_is_no_path_is_named(kind, setting, got):
    with pytest.raises(TypeError, match=f'^{got}$'):
        kind(**setting)


@EVERY
@pytest.mark.parametrize('setting', [dict(patience=-1), dict(patience=float('nan')), dict(patience='5'),
                                     dict(max_refetch=-1), dict(max_refetch=1.5), dict(max_refetch=True)])  # yapf: disable
def test_what_is_no_number_is_named(kind, setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f'^{name} must be .*at least 0, got {value!r}$'):
        kind(**setting)


@pytest.mark.parametrize('kind', [FaceFolder, FaceTar])
@pytest.mark.parametrize('extensions', ['jpg', 3, None, ['.jpg', 3]])
def test_one_ending_is_not_taken_letter_by_letter(kind, extensions):
    with pytest.raises(TypeError, match='^extensions must be a list of endings such as'):
        kind(extensions=extensions)


def test_a_folder_of_an_archive_is_a_path():
    with pytest.raises(TypeError, match='^folder must be a path, got 3$'):
        FaceTar(data_prefix='faces.tar', folder=3)
