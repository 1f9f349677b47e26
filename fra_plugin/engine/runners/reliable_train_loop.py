"""A train loop whose steps depend on the checkpoint before them and on nothing else.

mmengine's loop goes on at the beginning of an epoch, with other random states and other views than the run that was cut
off. Here the random states of every step come from (seed, process, iteration) and those of every sample from (seed,
epoch, place), so the iteration in the checkpoint says it all: nothing has to be stored, nothing read again.
"""

from typing import Iterator, Optional, Sequence, Tuple

from mmengine.dist import get_rank
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader

from ..one_read import read_at_once
from ..side_product import forgive
from .finite_steps import FiniteSteps
from .preconditions import refuse_compiled_step, refuse_no_step, refuse_still_target
from .seeded_loader import seeded_loader
from .seeding import seed_all
from .short_history import ShortHistory
from .worker_options import drop_worker_options
from .worker_watch import TIMED_OUT, WORKER_DIED, WorkerWatch


@LOOPS.register_module()
class ReliableTrainLoop(EpochBasedTrainLoop):
    """EpochBasedTrainLoop that resumes exactly, inside an epoch too, and survives bad steps and dead data workers.

    - Random states are functions of their place, see above. A run with the same number of processes, the same batch size
      and the same software gives the same numbers wherever it was cut off, bit for bit on the CPU.
    - Steps with a loss or gradient that is not finite are left out, see :class:`FiniteSteps` (``steps``).
    - Data workers that died (the kernel ran out of memory, say) are started anew, and their batches made again.
    - ``stop_training``, set by a hook after an iteration, ends training there and not at the end of the epoch.
    - Hooks get the losses of a step (and the norm of its gradient, where that is clipped) as tensors on the CPU, read from
      the device at once.
    - Hooks may change the data set and its pipeline or set another ``dataloader``, which is seeded in the same way.
    - What can't be written to the visualizer's backends is a warning and not the end.
    - The log history keeps what the log reads and no more, see :class:`ShortHistory`.

    Example:
        >>> dict(type='ReliableTrainLoop', max_epochs=50, worker_restarts=5)  # train_cfg

    Args:
        runner: the Runner.
        dataloader: config or loader with a sampler, a ``batch_size`` and a data set that can be indexed.
        worker_restarts: how often in an epoch data workers may die before that is an error. Defaults to 3.
        data_timeout: seconds to wait for a batch before that is an error, 0 without limit. Longer than FaceFolder's
            ``patience``. Defaults to 1800.
        **kwargs: as EpochBasedTrainLoop: ``max_epochs``, ``val_begin``, ``val_interval``, ``dynamic_intervals``.

    Raises:
        ValueError: for a loader without places (see :func:`seeded_loader`) or without a batch, ``worker_restarts`` or
            ``data_timeout`` below 0, or mmengine's ``compile``.
        RuntimeError: from training, when data workers keep dying or send nothing, or when no step could be taken.
    """

    def __init__(
        self, runner, dataloader, *args, worker_restarts: int = 3, data_timeout: float = 1800, **kwargs
    ) -> None:
        for name, value in dict(worker_restarts=worker_restarts, data_timeout=data_timeout).items():
            if not value >= 0:
                raise ValueError(f'{name} must be at least 0, got {value}')
        refuse_compiled_step(runner.cfg)
        dropped = drop_worker_options(dataloader)
        if dropped:
            print_log(f'The train_dataloader has num_workers=0: {", ".join(dropped)} dropped.', 'current')
        self._order: Optional[dict] = None  # seeds, and the length of an epoch
        super().__init__(runner, dataloader, *args, **kwargs)
        refuse_no_step(self)
        self.worker_restarts = worker_restarts
        self.data_timeout = data_timeout

    @property
    def dataloader(self) -> DataLoader:
        return self._dataloader

    @dataloader.setter
    def dataloader(self, loader: DataLoader) -> None:
        self._dataloader = seeded_loader(loader)
        if self._order is not None:
            self._settle_seeds()

    def run(self) -> nn.Module:
        """Train to the end, or to where ``stop_training`` was set."""
        refuse_still_target(self.runner)
        wrapper = self.runner.optim_wrapper
        self.steps = FiniteSteps(wrapper) if isinstance(wrapper, OptimWrapper) else wrapper
        start = self._place_in_epoch()
        forgive(self.runner.visualizer)
        self.shorten_history = ShortHistory(self.runner)
        self.runner.call_hook('before_train')
        while self._epoch < self._max_epochs and not self.stop_training:
            if not self.run_epoch(start):
                break
            start = 0
            self._decide_current_val_interval()
            if (
                self.runner.val_loop is not None
                and self._epoch >= self.val_begin
                and (self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs)
            ):
                self.runner.val_loop.run()
        self.runner.call_hook('after_train')
        if isinstance(self.steps, FiniteSteps) and self._iter and not self.steps.ever_taken(self._iter):
            raise RuntimeError(
                f'no step was taken in {self._iter} iterations: the loss or the gradient was not finite in any of them. The '
                'checkpoints hold the weights from before the training'
            )
        return self.runner.model

    def run_epoch(self, start: int = 0) -> bool:
        """One epoch from its ``start``-th batch on; False if ``stop_training`` cut it short."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for batch_idx, data_batch in self._batches(start):
            self.run_iter(batch_idx, data_batch)
            if self.stop_training:
                return False
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
        return True

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """One batch, from random states of its own."""
        seed_all(self._seed, get_rank(), self._iter)
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        outputs = self.runner.model.train_step(data_batch, optim_wrapper=self.steps)
        outputs = read_at_once({**outputs, **getattr(self.steps, 'clipped', {})})
        self.runner.call_hook('after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self.shorten_history()
        self._iter += 1

    def _place_in_epoch(self) -> int:
        """Batches of the current epoch that the checkpoint has behind it; settles the seeds."""
        sampler, length = self.dataloader.sampler.sampler, len(self.dataloader)
        order = self.runner.message_hub.runtime_info.get('data_order') if self._iter else None
        if order is None:
            rank_part = get_rank() if self.runner._randomness_cfg.get('diff_rank_seed') else 0
            order = dict(
                seed=self.runner.seed - rank_part, sampler_seed=getattr(sampler, 'seed', None), epoch_length=length
            )
        start = self._iter - self._epoch * order['epoch_length']
        if order['epoch_length'] != length:
            print_log(
                f'This run has {length} iterations an epoch, the one in the checkpoint had {order["epoch_length"]}: '
                'it goes on at about the same place, but not exactly',
                'current',
            )
            start = start * length // order['epoch_length']
        self._order = dict(order, epoch_length=length)
        self._settle_seeds()
        self.runner.message_hub.update_info('data_order', self._order)
        return min(max(start, 0), length)

    def _settle_seeds(self) -> None:
        self._seed = self.dataloader.sampler.seed = self._order['seed']
        if self._order['sampler_seed'] is not None:
            self.dataloader.sampler.sampler.seed = self._order['sampler_seed']

    def _batches(self, start: int) -> Iterator[Tuple[int, Sequence[dict]]]:
        """(place in the epoch, batch) from ``start`` on."""
        restarts = 0
        with WorkerWatch(self.data_timeout) as watch:
            while start < len(self.dataloader):
                self.dataloader.sampler.set_epoch(self._epoch)
                self.dataloader.sampler.start = start * self.dataloader.batch_size
                iterator = iter(self.dataloader)
                watch.take_over()
                workers = getattr(iterator, '_workers', ())
                try:
                    while start < len(self.dataloader):
                        yield start, watch.next(iterator)
                        start += 1
                    del iterator  # workers that are not persistent end here, while nobody is told
                except RuntimeError as error:
                    if str(error).startswith(TIMED_OUT):
                        for worker in workers:  # or the end of this process would wait for them
                            worker.kill()
                            worker.join(1)
                    if not str(error).startswith(WORKER_DIED):
                        raise
                    if restarts == self.worker_restarts:
                        raise RuntimeError(
                            f'{error} Data workers died {restarts + 1} times in this epoch. Is there enough memory for '
                            f'num_workers={self.dataloader.num_workers}? Resume from the last checkpoint.'
                        ) from error
                    restarts += 1
                    self.runner.logger.warning(f'{error} The data workers are started anew.')
                    self.dataloader._iterator = iterator = None  # torch would ask persistent workers again
