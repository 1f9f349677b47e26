"""BrokenImageHook: broken files of all processes are counted and named; too many of them stop training."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from PIL import Image

from fra_plugin.datasets import FaceFolder
from fra_plugin.engine import BrokenImageHook


def batch(*skipped):
    """One sample each; a number of skipped files (named by their number), or a list of names."""
    samples = []
    for names in skipped:
        names = [f'{i}.jpg' for i in range(names)] if isinstance(names, int) else names
        sample = DataSample()
        if names:
            sample.set_metainfo(dict(skipped_files=[(name, 'damaged') for name in names]))
        samples.append(sample)
    return dict(inputs=None, data_samples=samples)


def run_epoch(hook, runner, batches):
    hook.before_train_epoch(runner)
    for index, data_batch in enumerate(batches):
        hook.after_train_iter(runner, index, data_batch, {})
        runner.iter += 1
    hook.after_train_epoch(runner)


@pytest.fixture
def runner(tmp_path):
    return SimpleNamespace(iter=0, work_dir=str(tmp_path))


def test_share_is_images_replaced_by_images_asked_for(runner):
    hook = BrokenImageHook(max_share=0.25)
    run_epoch(hook, runner, [batch(0, ['a.jpg']), batch(0, 0)])  # 1 of 4
    with pytest.raises(
        ValueError,
        match=r'1 of 3 images are broken, more than max_share = 25.0%: '
        r'b.jpg \(damaged\), c.jpg \(damaged\); all in .*broken_images.txt',
    ):
        run_epoch(BrokenImageHook(max_share=0.25), runner, [batch(0, ['b.jpg', 'c.jpg'], 0)])


def test_a_broken_file_that_was_to_replace_another_is_not_counted_twice(runner):
    run_epoch(BrokenImageHook(max_share=0.05), runner, [batch(['a.jpg', 'b.jpg'], ['b.jpg'], *[0] * 38)])  # 2 of 40


def test_every_epoch_counts_anew(runner):
    hook = BrokenImageHook(max_share=0.3)
    for _ in range(4):
        run_epoch(hook, runner, [batch(0, ['a.jpg'], 0, 0)])  # 1 of 4 each time


def test_no_alarm_on_the_first_images(runner):
    hook = BrokenImageHook(interval=1, min_files=20)
    run_epoch(hook, runner, [batch(['a.jpg'])] + [batch(0, 0) for _ in range(20)])  # all at first, 2.4 % at the end


def test_stops_within_the_epoch_once_enough_files_were_tried(runner):
    hook = BrokenImageHook(interval=2, min_files=10)
    with pytest.raises(ValueError, match=r'10 of 10 images are broken'):
        run_epoch(hook, runner, [batch(['a.jpg']) for _ in range(20)])
    assert Path(runner.work_dir, 'broken_images.txt').read_text() == 'a.jpg\tdamaged\n'


def test_between_the_intervals_nothing_is_looked_at(runner, monkeypatch):
    hook, looks = BrokenImageHook(interval=5, min_files=1), []
    monkeypatch.setattr(hook, '_stop_above_max_share', lambda runner, min_files: looks.append((runner.iter, min_files)))
    run_epoch(hook, runner, [batch(0) for _ in range(12)])
    assert looks == [(4, 1), (9, 1), (12, 1)]


def test_the_list_of_the_run_grows_and_is_replaced_as_a_whole(runner):
    hook = BrokenImageHook(max_share=1)
    run_epoch(hook, runner, [batch(['b.jpg'])])
    run_epoch(hook, runner, [batch(['a.jpg'])])
    run_epoch(hook, runner, [batch(0)])
    assert [path.name for path in Path(runner.work_dir).iterdir()] == ['broken_images.txt']
    assert Path(runner.work_dir, 'broken_images.txt').read_text() == 'a.jpg\tdamaged\nb.jpg\tdamaged\n'


def test_a_file_is_named_in_the_log_once_a_run(runner, log):
    hook = BrokenImageHook(max_share=1)
    for names in (['a.jpg'], ['a.jpg'], ['b.jpg'], ['a.jpg', 'b.jpg']):
        run_epoch(hook, runner, [batch(names)])
    assert [(record.split()[0], 'a.jpg' in record, 'b.jpg' in record) for record in log] == [
        ('WARNING', True, False),
        ('INFO', False, False),
        ('WARNING', False, True),
        ('INFO', False, False),
    ]


def test_many_files_are_named_in_part(runner):
    with pytest.raises(ValueError) as error:
        run_epoch(BrokenImageHook(), runner, [batch(30)])
    assert str(error.value).count('.jpg') == 20 and ' and 10 more; all in ' in str(error.value)
    assert '\n' not in str(error.value)
    assert len(Path(runner.work_dir, 'broken_images.txt').read_text().splitlines()) == 30


@pytest.mark.parametrize('data_batch', [None, {}, dict(inputs=1), dict(data_samples=None), [1, 2]])
def test_batches_without_data_samples_are_passed_over(runner, data_batch):
    run_epoch(BrokenImageHook(), runner, [data_batch])


@pytest.mark.parametrize('arguments', [dict(max_share=-0.1), dict(max_share=5), dict(interval=0), dict(min_files=0)])
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=str(list(arguments.values())[0])):
        BrokenImageHook(**arguments)


def two_processes(rank, store, folder):
    dist.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    runner = SimpleNamespace(iter=0, work_dir=folder)
    hook = BrokenImageHook(max_share=0.3, interval=2, min_files=5)
    run_epoch(hook, runner, [batch(['a.jpg'] if rank == 1 else 0)] + [batch(0) for _ in range(2)])  # 1 of 6
    Path(folder, f'first_{rank}').write_text(str(sorted(hook.broken)))
    try:  # the second process has none broken, yet both must stop, and in the same iteration
        run_epoch(hook, runner, [batch(['b.jpg', 'c.jpg'] if rank == 0 else 0) for _ in range(9)])
    except ValueError as error:
        Path(folder, f'error_{rank}').write_text(f'{runner.iter} {error}')


def test_two_processes_count_together(tmp_path):
    mp.start_processes(two_processes, args=(str(tmp_path / 'store'), str(tmp_path)), nprocs=2, start_method='fork')
    assert [(tmp_path / f'first_{rank}').read_text() for rank in range(2)] == ["['a.jpg']"] * 2
    first, second = [(tmp_path / f'error_{rank}').read_text() for rank in range(2)]
    assert first == second and first.startswith('5 3 of 6 images are broken')
    assert 'a.jpg' not in first, 'that was an epoch ago'
    assert (tmp_path / 'broken_images.txt').read_text() == 'a.jpg\tdamaged\nb.jpg\tdamaged\nc.jpg\tdamaged\n'


class Mean(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, inputs, data_samples=None, mode='loss'):
        return dict(loss=self.weight * sum(image.float().mean() for image in inputs))


def train(folder, num_broken, **hook):
    root = folder / 'faces'
    root.mkdir()
    for i in range(20):
        Image.new('RGB', (8, 8)).save(root / f'{i:02}.jpg')
        if i < num_broken:
            (root / f'{i:02}.jpg').write_bytes(b'no image')
    runner = Runner(
        Mean(),
        work_dir=str(folder / 'work'),
        experiment_name=folder.name,
        default_scope='mmpretrain',
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[dict(type='BrokenImageHook', **hook)],
        train_dataloader=dict(
            batch_size=4,
            num_workers=2,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler'),
            dataset=dict(
                type=FaceFolder, data_prefix=str(root), pipeline=[dict(type='LoadFace'), dict(type='PackInputs')]
            ),
        ),
    )
    runner.train()
    return runner


def test_a_training_run_names_them_in_its_log(tmp_path):
    runner = train(tmp_path, 2, max_share=0.5)
    log = next(Path(runner.work_dir).glob('*/*.log')).read_text()
    (line,) = [line for line in log.splitlines() if 'were replaced' in line]
    assert all(f'faces/{name}.jpg (not an image' in line for name in ('00', '01')) and '02.jpg' not in line
    listed = [line.split('\t')[0] for line in Path(runner.work_dir, 'broken_images.txt').read_text().splitlines()]
    assert [Path(path).name for path in listed] == ['00.jpg', '01.jpg']


def test_a_training_run_stops(tmp_path):
    with pytest.raises(ValueError, match='more than max_share = 5.0%'):
        train(tmp_path, 2)
    assert len((tmp_path / 'work' / 'broken_images.txt').read_text().splitlines()) == 2


def test_names_of_any_bytes_are_listed_and_logged(runner):
    names = ['Ren\udce9.jpg', 'two\nlines.jpg']
    with pytest.raises(ValueError, match=r'Ren\\udce9.jpg \(damaged\), two\\nlines.jpg \(damaged\); all in') as error:
        run_epoch(BrokenImageHook(), runner, [batch(names)])
    assert str(error.value).encode()
    listed = Path(runner.work_dir, 'broken_images.txt').read_bytes()
    assert listed == b'Ren\xe9.jpg\tdamaged\ntwo\\nlines.jpg\tdamaged\n'
