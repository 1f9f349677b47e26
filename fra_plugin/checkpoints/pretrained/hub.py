"""Folders of weights from and to the Hugging Face hub, or another server that ``HF_ENDPOINT`` names."""

import contextlib
import os
import re
from pathlib import Path
from typing import Iterator, Optional, Union

from .pretrained_folder import CARD, CONFIG, REGION_NAMES, SAVED_FILE

HUB_ID = re.compile(r'[\w.-]+/[\w.-]+')


def download_folder(repo_id: str, revision: Optional[str] = None, token: Optional[str] = None) -> str:
    """The local copy of a model on the hub; what is in the cache already is not fetched again.

    Args:
        repo_id: such as 'anna/fra_r50'.
        revision: branch, tag or commit. Defaults to None, the newest.
        token: of a user who may read it. Defaults to None, the one that ``hf auth login`` has kept.

    Raises:
        ImportError: without huggingface_hub.
        OSError: if the hub does not have it, or can't be reached and it is not in the cache.
    """
    hub = _hub(f'no folder {repo_id} here, and the model {repo_id} of the Hugging Face hub')
    with _one_line(f'no folder {repo_id} here, and {repo_id} could not be fetched from the hub'):
        return hub.snapshot_download(
            repo_id,
            revision=revision,
            token=token,
            allow_patterns=[SAVED_FILE, CONFIG, CARD, REGION_NAMES],
            endpoint=os.environ.get('HF_ENDPOINT'),
        )


def upload_folder(
    folder: Union[str, Path], repo_id: str, private: bool = False, token: Optional[str] = None, message: str = ''
) -> str:
    """Make the model on the hub where it is not there yet, and send the files of the folder as one commit.

    Args:
        folder: that ``save_pretrained`` has written.
        repo_id: such as 'anna/fra_r50'.
        private: whether only its owners see a new one. Defaults to False.
        token: of a user who may write it. Defaults to None, the one that ``hf auth login`` has kept.
        message: of the commit. Defaults to '': one of the hub's library.

    Returns:
        Address of the commit.

    Raises:
        ImportError: without huggingface_hub.
        OSError: if the hub refuses it or can't be reached.
    """
    hub = _hub(f'sending {repo_id} to the Hugging Face hub')
    with _one_line(f'{repo_id} could not be sent to the hub'):
        api = hub.HfApi(endpoint=os.environ.get('HF_ENDPOINT'), token=token)
        api.create_repo(repo_id, private=private, exist_ok=True)
        sent = api.upload_folder(
            repo_id=repo_id,
            folder_path=str(folder),
            allow_patterns=[SAVED_FILE, CONFIG, CARD, REGION_NAMES],
            commit_message=message or None,
        )
        return str(sent.commit_url)


def _hub(what: str):
    try:
        import huggingface_hub
    except ImportError:
        raise ImportError(f'{what} needs huggingface_hub: pip install huggingface_hub') from None
    return huggingface_hub


@contextlib.contextmanager
def _one_line(what: str) -> Iterator[None]:
    """The errors of the hub's library, which have one class for each case and several lines."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, (OSError, ValueError)) and 'httpx' not in type(error).__module__:
            raise
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise OSError(f'{what}: {reason[:300]}') from error
