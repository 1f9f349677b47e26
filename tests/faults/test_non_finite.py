"""Batches that make the loss NaN: left out on every process, counted, and after too many in a row kept as evidence."""

import json

import torch
from faults.tiny_training import Training, same, same_checkpoint, write_config

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load

EVERY_STEP = 'default_hooks["checkpoint"]["iter_interval"] = 1\n'


def poisoned(tmp_path, faces, **poison):
    return write_config(
        tmp_path / 'poisoned.py', faces, EVERY_STEP + f'custom_hooks += [dict(type="Poison", **{poison})]\n'
    )


def tensors(checkpoint):
    return {name: value for name, value in checkpoint['state_dict'].items() if value.is_floating_point()}


def test_a_bad_batch_leaves_no_trace_in_the_model(faces, tmp_path):
    training = Training(
        poisoned(tmp_path, faces, iterations=[3]), tmp_path / 'run', '--cfg-options', 'train_cfg.max_epochs=1'
    )
    assert training.finish() == [0], training.output()
    assert (
        'Iteration 3: loss or gradient is not finite, the step is left out (1 in a row, 1 in this run)'
        in training.output()
    )
    final = training.last_checkpoint()
    assert all(tensor.isfinite().all() for tensor in tensors(final).values())
    assert final['message_hub']['runtime_info']['left_out_steps'] == 1
    third = safe_load(tmp_path / 'run' / 'iter_3.pth')
    moved = [name for name in tensors(third) if not torch.equal(third['state_dict'][name], final['state_dict'][name])]
    assert moved  # the step after it was taken


def test_too_many_bad_batches_end_the_run_and_the_evidence_repeats_them(config, faces, undisturbed, tmp_path):
    bad = poisoned(tmp_path, faces, iterations=[5, 6, 7, 8])
    training = Training(bad, tmp_path / 'run')
    assert training.finish() == [1], training.output()
    assert 'was not finite in 3 steps in a row, up to iteration 7' in training.output()

    evidence = json.loads((tmp_path / 'run' / 'non_finite' / 'iter_7.json').read_text())
    assert evidence['iteration'] == 7 and len(evidence['processes']) == 1
    assert evidence['processes'][0]['losses']['loss'] == 'nan'
    files = evidence['processes'][0]['files']
    assert len(files) == 4 and all(name.startswith(str(faces)) for name in files)

    # The state is the one after iteration 4, the last step that was taken, and begins with the batch of iteration 7.
    state = safe_load(tmp_path / 'run' / 'non_finite' / 'iter_7.pth')
    assert state['meta']['iter'] == 6
    same(state['state_dict'], safe_load(tmp_path / 'run' / 'epoch_1.pth')['state_dict'])
    # And the ordinary way on, once the batch is good:
    training = Training(config, tmp_path / 'again', '--resume', str(tmp_path / 'run' / 'epoch_1.pth'))
    assert training.finish() == [0], training.output()
    same_checkpoint(tmp_path / 'again' / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


def test_a_bad_batch_on_one_process_is_left_out_on_both(faces, tmp_path):
    config = poisoned(tmp_path, faces, iterations=[2], rank=1)
    training = Training(config, tmp_path / 'run', '--cfg-options', 'train_cfg.max_epochs=2', world_size=2)
    assert training.finish() == [0, 0], training.output()
    assert training.output().count('(1 in a row, 1 in this run)') >= 1
    assert all(tensor.isfinite().all() for tensor in tensors(training.last_checkpoint()).values())
    first, second = (safe_load(tmp_path / 'run' / name) for name in ('epoch_1.pth', 'epoch_2.pth'))
    assert [state['message_hub']['runtime_info']['left_out_steps'] for state in (first, second)] == [1, 1]
    # A process that took the bad step would have NaN from there on.
    assert all('nan' not in loss for step, loss in training.steps(0).items() if step != 2)
    assert all('nan' not in loss for step, loss in training.steps(1).items() if step != 2)
