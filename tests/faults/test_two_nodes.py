"""Two nodes with a network of their own: one dies, or the cable is pulled; nothing hangs, nothing is lost.

They share a disk, as nodes of a cluster do, and talk through gloo. Each test takes some minutes on a busy machine.
"""

import time

import pytest
from faults.tiny_training import Training, same_checkpoint, steps_of, write_config
from faults.two_nodes import reason_against, two_nodes

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]


@pytest.fixture(scope='module')
def slow(tmp_path_factory, faces):
    """A config whose steps last long enough to be hit by what several commands do."""
    extra = 'custom_hooks[-1]["seconds"] = 0.5\nenv_cfg["dist_cfg"]["timeout"] = 60\n'
    return write_config(tmp_path_factory.mktemp('config') / 'tiny.py', faces, extra)


@pytest.fixture(scope='module')
def whole(tmp_path_factory, slow):
    """A run of two processes on one machine that nothing happened to."""
    training = Training(slow, tmp_path_factory.mktemp('whole') / 'run', world_size=2)
    assert training.finish() == [0, 0], training.output()
    return training


@pytest.fixture
def nodes(tmp_path):
    reason = reason_against()
    if reason:
        pytest.skip(reason)
    with two_nodes(tmp_path) as nodes:
        yield nodes


def start(nodes, config, work_dir, *arguments, **environment):
    for node in nodes:
        node.start(str(config), '1', '--work-dir', str(work_dir), *arguments, **environment)


def wait_for_step(nodes, work_dir, step, seconds=300):
    end = time.monotonic() + seconds
    while min(max(steps_of(work_dir, rank), default=0) for rank in (0, 1)) < step:
        for node in nodes:
            assert node.launcher.poll() is None and time.monotonic() < end, node.log.read_text()
        time.sleep(0.05)


def check(work_dir, whole):
    assert steps_of(work_dir, 0) == whole.steps(0) and steps_of(work_dir, 1) == whole.steps(1)
    same_checkpoint(work_dir / 'epoch_3.pth', whole.work_dir / 'epoch_3.pth')


def test_the_death_of_a_node_ends_the_other_and_the_resume_is_exact(nodes, slow, whole, tmp_path):
    start(nodes, slow, tmp_path / 'run')
    wait_for_step(nodes, tmp_path / 'run', 3)
    nodes[1].kill()
    assert nodes[0].finish(100) not in (0, None)
    assert nodes[0].processes() == [] and max(steps_of(tmp_path / 'run')) < max(whole.steps())
    start(nodes, slow, tmp_path / 'run', '--resume')
    assert [node.finish(300) for node in nodes] == [0, 0], nodes[0].log.read_text()
    check(tmp_path / 'run', whole)


def test_a_pulled_cable_ends_both_after_the_timeout(nodes, slow, tmp_path):
    start(nodes, slow, tmp_path / 'run', '--cfg-options', 'env_cfg.dist_cfg.timeout=10')
    wait_for_step(nodes, tmp_path / 'run', 2)
    nodes[1].unplug()
    assert all(node.finish(200) not in (0, None) for node in nodes)
    assert not any(node.processes() for node in nodes)


def test_a_run_goes_on_by_itself_when_a_node_takes_the_place_of_a_dead_one(nodes, slow, whole, tmp_path):
    start(nodes, slow, tmp_path / 'run', MAX_RESTARTS='1')
    wait_for_step(nodes, tmp_path / 'run', 3)
    nodes[1].kill()
    start(nodes[1:], slow, tmp_path / 'run', MAX_RESTARTS='1')
    assert [node.finish(400) for node in nodes] == [0, 0], nodes[0].log.read_text()
    assert 'Load checkpoint from' in nodes[0].log.read_text()
    check(tmp_path / 'run', whole)
