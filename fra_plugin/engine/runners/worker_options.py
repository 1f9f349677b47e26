"""Options of a data loader that torch refuses where there are no workers."""

from typing import Any, List

NEED_WORKERS = ('persistent_workers', 'prefetch_factor', 'multiprocessing_context')


def drop_worker_options(dataloader: Any) -> List[str]:
    """Take the options for workers out of a loader's config that has none (``num_workers=0``), as torch raises for them.

    Args:
        dataloader: config of a data loader, changed in place; anything else is left as it is.

    Returns:
        The names of the options that were dropped, to tell the user.
    """
    if not isinstance(dataloader, dict) or dataloader.get('num_workers', 0):
        return []
    dropped = [name for name in NEED_WORKERS if dataloader.get(name)]
    for name in dropped:
        del dataloader[name]
    return dropped
