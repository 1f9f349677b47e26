"""A log history that ends somewhere.

mmengine's message hub keeps up to a million values of each scalar, copies all of them whenever one is added, and saves
them in each checkpoint. The log shows means over a few: the others are dropped here.
"""

from typing import Dict, Optional

from mmengine.runner import Runner

KEEP = 1000  # values of each scalar, if the log needs no more


class ShortHistory:
    """Bounds the histories of a Runner's message hub at what its log processor reads.

    A scalar keeps as many values as the longest window in ``log_processor`` asks for, an epoch of them where that is
    ``window_size='epoch'``, and all where it is ``'global'`` or where a statistic has no window.

    Args:
        runner: the Runner, with its loaders.
    """

    def __init__(self, runner: Runner) -> None:
        processor = runner.log_processor
        loops = (runner.train_loop, runner.val_loop)
        epoch = max(len(loop.dataloader) for loop in loops if loop is not None)
        self.scalars = runner.message_hub.log_scalars
        self.least = max(KEEP, processor.window_size)
        self.windows: Dict[str, Optional[int]] = {}
        of_validation = [dict(data_src=name, window_size='epoch', method_name='mean') for name in ('time', 'data_time')]
        for part in [*processor.custom_cfg, *of_validation]:
            if part.get('method_name') == 'current':
                continue
            window = part.get('window_size', 'global')
            window = {'epoch': epoch, 'global': None}.get(window, window)
            name = part['data_src']
            longest = self.windows.get(name, self.least)
            self.windows[name] = None if window is None or longest is None else max(window, longest)

    def __call__(self) -> None:
        """To be called after each iteration, as a scalar may be new; what is too long is cut at its next value."""
        for name, buffer in self.scalars.items():
            window = self.windows.get(name, self.windows.get(name.partition('/')[2], self.least))
            if window is not None:
                buffer.max_length = window
