"""Makes the models of model-index.yml known to mmpretrain by name, for its `list_models` and `get_model`."""

from mmpretrain.apis import ModelHub

from .configs import config_folders


def register_models() -> None:
    """Once for a process: mmpretrain refuses a name that it knows already."""
    if ModelHub.has('fra_r50_8xb64'):
        return
    for folder in config_folders():
        if (folder / 'model-index.yml').is_file():
            ModelHub.register_model_index(folder / 'model-index.yml', config_prefix=folder)
            return
