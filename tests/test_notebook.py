"""The notebook of the pages: run from its first to its last cell, in an empty folder and by the Python of the tests."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
NOTEBOOK = REPO / 'docs/notebooks/first_steps.ipynb'
RESULTS = """
import json
import sys

values = dict(
    python=sys.executable,
    package=sys.modules['fra_plugin'].__file__,
    box=found[0].box,
    faces=[face.shape for face in faces],
    shapes={name: out[name].shape for name in ('embedding', 'feature_map', 'heatmaps')},
    regions=out['region_names'].tolist(),
    similar=[answer['names'].tolist() for answer in (whole, hair)],
    similarity=whole['similarity'].tolist(),
    errors=errors,
    points=(points / 96).tolist(),
    history={name: values.tolist() for name, values in history.items()},
)
print(json.dumps(values))
"""


def cells(kind):
    return [cell for cell in json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == kind]


def test_no_result_is_stored_that_could_become_untrue():
    assert len(cells('code')) > 5
    assert not [cell['id'] for cell in cells('code') if cell['outputs'] or cell['execution_count'] is not None]


def test_colab_is_told_to_install_extras_that_exist():
    extras = re.search(r'^# %pip install .*\[(.+)\]', ''.join(cells('code')[0]['source']), re.MULTILINE)[1].split(',')
    assert extras and all((REPO / f'requirements/{extra}.txt').is_file() for extra in extras)


def run(folder, monkeypatch):
    """What the cells found."""
    for package in ('nbclient', 'ipykernel', 'skimage', 'sklearn'):
        pytest.importorskip(package, reason=f'the notebook runs where {package} is installed')
    import nbformat
    from nbclient import NotebookClient

    settings = dict(
        PYTHONPATH=os.pathsep.join(filter(None, (str(REPO), os.environ.get('PYTHONPATH')))),
        PYTHONWARNINGS='ignore',
        CUDA_VISIBLE_DEVICES='',
        OMP_NUM_THREADS='1',
        # No other kernel of that name, and nothing written into the home folder.
        JUPYTER_DATA_DIR=str(folder / '.jupyter'),
        IPYTHONDIR=str(folder / '.ipython'),
    )
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(RESULTS))
    NotebookClient(notebook, timeout=250, resources=dict(metadata=dict(path=str(folder)))).execute()
    (answer,) = notebook.cells[-1].outputs
    return json.loads(answer.text)


def test_every_cell_does_what_the_text_beside_it_says(tmp_path, monkeypatch):
    results = run(tmp_path, monkeypatch)
    assert results['python'] == sys.executable and results['package'] == str(REPO / 'fra_plugin/__init__.py')

    left, top, right, bottom = results['box']
    assert left < 205 and right > 247 and top < 100 and bottom > 140  # both eyes and the mouth of the portrait
    assert results['faces'] == [[96, 96, 3]]
    assert results['shapes'] == dict(embedding=[1, 128], feature_map=[1, 128, 12, 12], heatmaps=[1, 8, 12, 12])
    assert len(results['regions']) == 8 and {'nose', 'eyes'} <= {name.split()[0] for name in results['regions']}

    whole, hair = results['similar']
    assert len(whole) == len(hair) == 8 and whole != hair and 'id0001/0000.jpg' not in whole + hair
    assert results['similarity'] == sorted(results['similarity'], reverse=True)

    assert results['errors']['probe'] < 0.7 * results['errors']['mean_shape']
    eyes = [sum(point[0] for point in results['points'][start : start + 6]) / 6 for start in (36, 42)]
    assert 0.25 < eyes[0] < 0.45 < 0.55 < eyes[1] < 0.75  # of the portrait, from left to right in the picture

    losses, accuracy = results['history']['loss'], results['history']['pixel_accuracy']
    assert len(losses) == 8 and losses[-1] < 0.7 * losses[0] and accuracy[-1] > accuracy[0] + 20
    assert (tmp_path / 'work_dirs/first_steps/epoch_1.pth').is_file()
