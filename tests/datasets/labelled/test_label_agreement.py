"""Do data sets mean the same by their labels?"""

import face_layouts
import pytest
from mmengine.dataset import RepeatDataset
from torch.utils.data import ConcatDataset, Subset

from fra_plugin.datasets import RAFDB, FaceCSV, FaceFolder
from fra_plugin.datasets.labelled.label_agreement import class_names, largest_label, require_same_classes

THREE = ('anger', 'joy', 'sad')


@pytest.mark.parametrize(
    'other',
    [
        ('joy', 'sad'),
        ('joy', 'anger', 'sad'),
        ('anger', 'joy', 'fear'),
        (*THREE, 'fear'),
        ('a', 'b'),
        THREE[:2],
        ('fear', 'pain', 'shame'),
    ],
)
def test_other_classes_are_refused_with_both_lists(other):
    with pytest.raises(ValueError, match=f'val has the {len(other)} classes {other[0]}.* train the 3 anger, joy, sad'):
        require_same_classes([('train', THREE), ('val', list(other))])


def test_equal_classes_and_unknown_ones_agree(log):
    require_same_classes([('train', THREE), ('val', list(THREE)), ('test', None)])
    require_same_classes([('train', None), ('val', THREE)])
    assert not log


@pytest.mark.parametrize('numbers', [('0', '1', '2'), ('1', '2', '3')])
def test_mere_numbers_count_as_the_names_of_the_other_with_a_warning(numbers, log):
    require_same_classes([('train', THREE), ('val', numbers)])
    assert len(log) == 1 and log[0].startswith(
        f'WARNING val has the classes {", ".join(numbers)}, train anger, joy, sad'
    )
    with pytest.raises(ValueError, match='val has the 3 classes 2, 3, 4'):
        require_same_classes([('train', THREE), ('val', ('2', '3', '4'))])


def test_a_class_that_is_named_twice_is_refused(tmp_path):
    face_layouts.face_csv(tmp_path)
    twice = FaceCSV('labels.csv', str(tmp_path), attribute_columns=['smile', 'glasses', 'smile'])
    with pytest.raises(ValueError, match='FaceCSV: two classes are called smile'):
        class_names(twice)


def test_many_classes_are_not_all_named():
    with pytest.raises(ValueError, match='c9 and 90 more, but') as error:
        require_same_classes([('train', THREE), ('val', [f'c{i}' for i in range(100)])])
    assert len(str(error.value)) < 500


def test_labels_and_classes_are_found_in_wrapped_data_sets(tmp_path):
    rafdb = RAFDB(str(face_layouts.rafdb(tmp_path)))
    wrapped = Subset(RepeatDataset(rafdb, 2), [0, 1, 16])
    assert class_names(wrapped) == rafdb.metainfo['classes'] and largest_label(wrapped) == 6
    face_layouts.face_csv(tmp_path)
    csv = FaceCSV('labels.csv', str(tmp_path), attribute_columns=['smile', 'glasses'])
    assert largest_label(csv) == 1
    with pytest.raises(ValueError, match='FaceCSV has the 2 classes smile, glasses, but RAFDB the 7 surprise'):
        class_names(ConcatDataset([rafdb, csv]))
    plain = FaceFolder(str(tmp_path), 'Image', cache_dir=str(tmp_path))
    assert class_names(plain) is None and largest_label(plain) is None
