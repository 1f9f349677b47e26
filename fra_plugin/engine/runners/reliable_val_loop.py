"""A validation loop in which no process waits for one that has failed."""

from typing import Sequence

from mmengine.registry import LOOPS
from mmengine.runner import ValLoop

from ...processes import on_all


@LOOPS.register_module()
class ReliableValLoop(ValLoop):
    """ValLoop that ends on all processes when a batch fails on one, because of a broken labelled image, say.

    With mmengine's loop the others wait for the results of the failed process until their collective times out. Here they
    meet after their last batches, before they collect the results.

    Example:
        >>> dict(type='ReliableValLoop')  # val_cfg

    Raises:
        Exception: from validation, on all processes: what was raised on the first that failed. Errors of the metrics, which
            the first process alone computes, are raised there only.
    """

    def run(self) -> dict:
        """Validate once; gives the metrics by name."""
        self._met = False
        try:
            return super().run()
        except Exception as error:
            if not self._met:
                on_all(_raise, error)
            raise

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """One batch; after the last one, the processes meet."""
        super().run_iter(idx, data_batch)
        if idx == len(self.dataloader) - 1:
            self._met = True
            on_all(lambda: None)


def _raise(error: Exception) -> None:
    raise error
