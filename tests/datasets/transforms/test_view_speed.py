"""Pairs of views that one core makes in a second, for views of 224 and 112 px and with the colours left to the GPU.

`FRA_TEST_DATA=/folder pytest -m slow -s tests/datasets/transforms/test_view_speed.py` prints the numbers: processor time of
one thread, by turns, on faces of LFW that were brought to 400 and 112 px. Times depend on the machine and are not checked.
"""

import statistics
import time

import cv2
import pytest
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope

from fra_plugin.configs import load_config

FACES, ROUNDS = 150, 4


def pipeline(config: str, on_device: bool = False) -> Compose:
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    cfg.train_pipeline[1].on_device = on_device
    return Compose(cfg.train_pipeline)


@pytest.mark.slow
def test_pairs_of_views_a_second_and_core(real_data, tmp_path):
    files = {400: [], 112: []}
    for path in sorted((real_data / 'lfw_color5pt/images').glob('*.jpg'))[:FACES]:
        for size, written in files.items():
            image = cv2.resize(cv2.imread(str(path)), (size, size), interpolation=cv2.INTER_CUBIC)
            written.append(tmp_path / f'{size}_{path.name}')
            cv2.imwrite(str(written[-1]), image)
    contenders = {
        'views of 224 px': (pipeline('fra_r50_8xb64'), files[400]),
        'views of 224 px, colours on the GPU': (pipeline('fra_r50_8xb64', on_device=True), files[400]),
        'views of 112 px': (pipeline('fra_r50_8xb64_ms1mv3'), files[112]),
    }
    rates = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (make, paths) in contenders.items():
            start = time.process_time()
            for index, path in enumerate(paths):
                assert len(make(dict(img_path=str(path), sample_idx=index))['inputs']) == 2
            rates[name].append(len(paths) / (time.process_time() - start))
    for name, found in rates.items():
        size = statistics.mean(path.stat().st_size for path in contenders[name][1]) / 1e3
        print(f'\n{name}, JPEGs of {size:.0f} kB: {statistics.median(found):.0f} pairs a second and core, '
              f'from {min(found):.0f} to {max(found):.0f}', end='')  # yapf: disable
