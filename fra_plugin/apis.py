"""What a user calls from Python: embeddings, feature maps and region heatmaps of faces as NumPy arrays."""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
import torch
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmpretrain.registry import MODELS
from rich.console import Console
from rich.progress import track
from torch import nn

from .checkpoints.export import origin, run_of
from .checkpoints.export_encoder import ENCODER_PARTS
from .checkpoints.known_releases import known_release
from .checkpoints.official_release import OFFICIAL_SIZE, official_config, official_to_plugin
from .checkpoints.pretrained.hub import HUB_ID, download_folder, upload_folder
from .checkpoints.pretrained.hub_card import model_card
from .checkpoints.pretrained.pretrained_folder import PretrainedFolder, read_folder, write_folder
from .checkpoints.pretrained_backbone import backbone_tensors, fill, named_tensors
from .checkpoints.safe_loading.safe_load import safe_load
from .checkpoints.stored_config import checkpoint_config, model_config, refuse_foreign_types, stored_crop
from .configs import load_config
from .datasets.transforms.face_crop import FaceCrop
from .datasets.transforms.load_face import LoadFace
from .datasets.unlabelled.folder_scan import scan_folder, tell_left_out
from .models.fra import FRA

Image = Union[str, Path, np.ndarray]
OUTPUTS = ('embedding', 'feature_map', 'heatmaps')


class FRAFeatures:
    """Images -> resized and normalised as in pre-training -> what the model says about them.

    Example:
        >>> features = FRAFeatures('work_dirs/fra_r50_8xb64/epoch_50.pth')
        >>> features('faces/', what=['embedding'])
        {'names': array(['ann.jpg', 'ben.jpg'], ...), 'embedding': array([[0.12, ...], ...], dtype=float32)}

    The model is in evaluation mode: what it says about an image depends on no other one. Only tensors and plain values are
    read from the weights file; no code in it is run.

    mmpretrain's ``FeatureExtractor`` gives the same embeddings for an exported backbone and its config. It has no heatmaps,
    needs the config beside the checkpoint, takes half of a truncated JPEG for an image, and reads one file after another.

    Args:
        checkpoint: training checkpoint of FRA or of another model of mmpretrain, an official FRA checkpoint, what
            export_backbone.py wrote (a backbone, which has no heatmaps), a folder that :meth:`save_pretrained` wrote, the
            name of weights that come with the package, such as 'fra_r18w32_96px', or a release of others that
            :mod:`fra_plugin.checkpoints.known_releases` knows. None: random weights, to compare with.
        config: config file of the model. Defaults to None: the one that the checkpoint carries.
        device: such as 'cuda:1'. Defaults to None: a GPU where there is one.
        size: side in pixels to which images are resized. Defaults to None: as the config says.

    Attributes:
        crop: the :class:`FaceCrop` that cuts a face out of a photo for this model: ``features.crop.cut(photo, box)``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file can't be read, its tensors are not those of the model or not finite, the model or the size
            of its images is unknown, or the device can't be used.
    """

    def __init__(
        self,
        checkpoint: Union[str, Path, None],
        config: Optional[str] = None,
        device: Optional[str] = None,
        size: Optional[int] = None,
    ) -> None:
        if checkpoint is None and config is None:
            raise ValueError('random weights need a config')
        if size is not None and size < 1:
            raise ValueError(f'size must be at least 1 pixel, got {size}')
        source = os.fspath(config if checkpoint is None else checkpoint)
        self.source: Optional[str] = None if checkpoint is None else source
        if checkpoint is None:
            model, crop = _configured(config)
        else:
            model, tensors, crop = _read(source, config)
        self.device = _device(device or get_device())
        if not crop and not size:
            raise ValueError(f'{source}: its config does not tell the size of images: give size=')
        self.crop = FaceCrop(**dict(crop.settings() if crop else {}, **(dict(size=size) if size else {})))
        self.size = self.crop.size
        preprocessor = model.get('data_preprocessor') or {}
        self.mean = np.array(preprocessor.get('mean') or 0, np.float32)
        self.std = np.array(preprocessor.get('std') or 1, np.float32)
        self.to_rgb = preprocessor.get('to_rgb', False)
        self._config = model
        is_fra = model['type'] == 'FRA'
        if not is_fra and 'backbone' not in model:
            raise ValueError(f'{source}: its model, {model["type"]}, has no backbone')
        network = MODELS.build(model if is_fra else model['backbone'])
        if checkpoint is None:
            _init_silently(network)
        elif is_fra:
            if not any(name.startswith(('target.', 'head.')) for name in tensors):  # what export_encoder wrote
                network.target = network.head = None
            fill(network, tensors, source, strict=True, whose=' of its config')
        else:
            # Not strict: old files lack counters of batches, which nothing depends on.
            fill(network, backbone_tensors(tensors, network, source=source), source, whose=' of its config')
        network.to(self.device).eval()
        network.requires_grad_(False)
        self.model: Optional[FRA] = network if is_fra else None
        self.backbone: nn.Module = network.backbone if is_fra else network

    @classmethod
    def from_pretrained(
        cls,
        name: Union[str, Path],
        revision: Optional[str] = None,
        token: Optional[str] = None,
        **settings,
    ) -> 'FRAFeatures':
        """A model from a folder that :meth:`save_pretrained` wrote, or from the Hugging Face hub.

        A folder needs neither huggingface_hub nor the network.

        Example:
            >>> FRAFeatures.from_pretrained('anna/fra_r50', revision='v1')

        Args:
            name: the folder, or the model's id on the hub. Weights that come with the package are known by name, too.
            revision: branch, tag or commit on the hub. Defaults to None, the newest.
            token: of a user of the hub who may read it. Defaults to None, the one that is logged in.
            **settings: ``device`` and ``size``.

        Raises:
            FileNotFoundError: if there is no such folder, or a file in it is missing.
            ImportError: if the hub is needed and huggingface_hub is not installed.
            OSError: if the hub does not have the model or can't be reached.
            ValueError: if a file is not as expected.
        """
        text = os.path.expanduser(os.fspath(name))
        if not os.path.exists(text) and HUB_ID.fullmatch(text):
            text = download_folder(text, revision, token)
        return cls(text, **settings)

    def save_pretrained(
        self, folder: Union[str, Path], *, name: Optional[str] = None, licence: Optional[str] = None
    ) -> None:
        """Write the encoder for others: model.safetensors, config.json and README.md, as the Hugging Face hub has them.

        config.json holds the model, the pre-processing and the crop of the faces. README.md says what the checkpoint
        knows about its training; look at it, and add what you have measured.

        Args:
            folder: it is made; other files in it stay.
            name: of the model. Defaults to None, the folder's.
            licence: of the weights, such as 'cc-by-nc-4.0'. Defaults to None: that of the weights' card, else 'other'.

        Raises:
            ValueError: for random weights.
            NotADirectoryError: if ``folder`` is a file.
        """
        if self.source is None:
            raise ValueError('random weights are not saved: give a checkpoint')
        if os.path.isdir(self.source):
            facts = read_folder(self.source).origin
        else:
            facts = dict(origin(self.source), **run_of(safe_load(self.source)))
        if self.model is not None:
            tensors = {key: part for key, part in self.model.state_dict().items() if key.startswith(ENCODER_PARTS)}
        else:
            tensors = {f'backbone.{key}': part for key, part in self.backbone.state_dict().items()}
        name = name or os.path.basename(os.path.abspath(folder))
        card = model_card(self.source, name, self.crop, facts, licence)
        write_folder(folder, PretrainedFolder(self._config, tensors, self.crop, facts), card)

    def push_to_hub(self, repo_id: str, private: bool = False, token: Optional[str] = None, **settings) -> str:
        """Send what :meth:`save_pretrained` writes to the Hugging Face hub, as one commit.

        Args:
            repo_id: such as 'anna/fra_r50'; it is made where it is not there yet.
            private: whether only its owners see a new one. Defaults to False.
            token: of a user who may write it. Defaults to None, the one that is logged in.
            **settings: as :meth:`save_pretrained`.

        Returns:
            Address of the commit.

        Raises:
            ImportError: without huggingface_hub.
            OSError: if the hub refuses it or can't be reached.
            ValueError: for random weights.
        """
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, **dict(dict(name=repo_id), **settings))
            return upload_folder(folder, repo_id, private, token)

    def __call__(
        self,
        images: Union[Image, Sequence[Image]],
        batch_size: int = 32,
        what: Optional[Sequence[str]] = None,
        progress: Optional[bool] = None,
    ) -> Dict[str, np.ndarray]:
        """Arrays over N images; all of them are kept in memory, so ask only for what you need of many.

        Args:
            images: a file, a folder (all images below it), a BGR array (H, W, 3) or grey array (H, W) of uint8, several
                of one size (N, H, W, 3), or a list of files and arrays.
            batch_size: images at once. Defaults to 32.
            what: some of 'embedding', 'feature_map', 'heatmaps'. Defaults to None, all that the model has.
            progress: show a progress bar. Defaults to None: on a terminal.

        Returns:
            ``names`` (N, ), the files as given (below a folder: relative to it), or the places of arrays in the list; and
            ``embedding`` (N, C), the average of the backbone's last feature map; ``feature_map`` (N, C, h, w), that map;
            ``heatmaps`` (N, K, h, w), the soft masks of the regions, which sum to 1 over K: all float32.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: for a file that is no image, another array, no image at all, an output that the model has not, or
                values that are not finite.
            TypeError: for images that are neither files nor arrays.
        """
        what = self._outputs(what)
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        names, sources = list_images(images)
        outputs: Dict[str, List[np.ndarray]] = {name: [] for name in what}
        starts = range(0, len(sources), batch_size)
        hidden = not (sys.stderr.isatty() if progress is None else progress)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for start in track(starts, 'images', disable=hidden, console=Console(stderr=True)):
                batch = np.stack(list(pool.map(self._prepare, sources[start : start + batch_size])))
                for name, values in self._infer(torch.from_numpy(batch).to(self.device), what).items():
                    outputs[name].append(values.float().cpu().numpy())
                    _refuse_not_finite(name, outputs[name][-1], names[start : start + batch_size])
        return dict(names=np.array(names), **{name: np.concatenate(parts) for name, parts in outputs.items()})

    def _outputs(self, what: Optional[Sequence[str]]) -> Tuple[str, ...]:
        if what is None:
            return OUTPUTS if self.model is not None else OUTPUTS[:2]
        what = (what,) if isinstance(what, str) else tuple(what)
        for name in what:
            if name not in OUTPUTS:
                raise ValueError(f'what must be some of {", ".join(OUTPUTS)}, got {name!r}')
        if 'heatmaps' in what and self.model is None:
            raise ValueError('heatmaps need a whole FRA checkpoint, this one is a backbone')
        return what

    def _prepare(self, source: Image) -> np.ndarray:
        """Normalised image (3, size, size), float32."""
        image = read_face(source, self.size)
        image = self.crop.resize(image)
        image = image[..., ::-1] if self.to_rgb else image
        return np.ascontiguousarray(((image - self.mean) / self.std).transpose(2, 0, 1), np.float32)

    @torch.no_grad()
    def _infer(self, inputs: torch.Tensor, what: Sequence[str]) -> Dict[str, torch.Tensor]:
        feats = self.backbone(inputs)
        feature_map = feats[-1] if isinstance(feats, (list, tuple)) else feats
        outputs = {}
        if 'embedding' in what:
            outputs['embedding'] = feature_map.flatten(2).mean(dim=2) if feature_map.dim() == 4 else feature_map
        if 'feature_map' in what:
            if feature_map.dim() != 4:
                raise ValueError(f'the backbone {type(self.backbone).__name__} gives no feature map')
            outputs['feature_map'] = feature_map
        if 'heatmaps' in what:
            outputs['heatmaps'] = self.model.neck.heatmap_head.masks(self.model.neck.region_logits(feats))
        return outputs


def _device(name: str) -> torch.device:
    try:
        torch.empty(1, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # by the device and the build of torch
        raise ValueError(f'the device {name!r} cannot be used here: {str(error).splitlines()[0]}') from None


def _refuse_not_finite(what: str, values: np.ndarray, names: Sequence[str]) -> None:
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        raise ValueError(
            f'the {what} of {names[int(np.argmin(finite))]} has values that are not finite (inf or nan): the model has '
            'diverged, or its images are not those it was trained on'
        )


def list_images(images: Union[Image, Sequence[Image]]) -> Tuple[List[str], List[Image]]:
    """Names and files or arrays of what :class:`FRAFeatures` takes; raises as it says."""
    if isinstance(images, (str, Path)) and os.path.isdir(images):
        scan = scan_folder(os.fspath(images))
        tell_left_out(os.fspath(images), scan.left_out)
        return scan.paths, [os.path.join(images, path) for path in scan.paths]
    if isinstance(images, (str, Path)) or isinstance(images, np.ndarray) and images.ndim != 4:
        images = [images]
    elif not isinstance(images, (list, tuple, np.ndarray)):
        raise TypeError(f'images must be files, a folder or arrays, got {type(images).__name__}')
    if len(images) == 0:
        raise ValueError('no images given')
    for place, image in enumerate(images):
        if isinstance(image, np.ndarray):
            has_shape = image.ndim == 2 or image.ndim == 3 and image.shape[2] == 3
            if image.dtype != np.uint8 or not has_shape or not image.size:
                raise ValueError(
                    f'image {place} must be a BGR (H, W, 3) or grey (H, W) array of uint8, '
                    f'got {image.shape} {image.dtype}'
                )
        elif not isinstance(image, (str, Path)):
            raise TypeError(f'image {place} must be a file or an array, got {type(image).__name__}')
        elif not os.path.isfile(image):
            raise FileNotFoundError(f'no image {image}')
    return [str(place) if isinstance(image, np.ndarray) else str(image) for place, image in enumerate(images)], list(
        images
    )


def read_face(source: Image, size: Optional[int] = None) -> np.ndarray:
    """BGR (H, W, 3) uint8; a large JPEG is read at a fraction of its size, but not below ``size``."""
    if isinstance(source, np.ndarray):
        return source if source.ndim == 3 else cv2.cvtColor(source, cv2.COLOR_GRAY2BGR)
    return LoadFace(reduce_to=size)(dict(img_path=os.fspath(source)))['img']


def _read(checkpoint: str, config: Optional[str]) -> Tuple[dict, Dict[str, torch.Tensor], Optional[FaceCrop]]:
    """Config of the model, its tensors, and how its images are cut."""
    if os.path.isdir(os.path.expanduser(checkpoint)):
        if config is not None:
            raise ValueError(f'{checkpoint} has its own config.json: give no other config')
        return read_folder(checkpoint)[:3]
    content = safe_load(checkpoint)
    tensors = named_tensors(content, checkpoint)
    crop = None
    if any(name.startswith(('online_net.', 'module.online_net.')) for name in tensors):
        try:
            tensors = official_to_plugin(tensors)
        except (KeyError, ValueError) as error:
            raise ValueError(f'{checkpoint}: {error.args[0]}') from None
        crop = FaceCrop(OFFICIAL_SIZE)
    if config is not None:
        model, configured_crop = _configured(config)
        return model, tensors, configured_crop or crop
    if crop:
        return official_config(tensors), tensors, crop
    parts = checkpoint_config(content, checkpoint)
    release = known_release(tensors, checkpoint) if parts is None else None
    if release is not None:
        MMLogger.get_current_instance().info(
            f'{checkpoint}: weights of {release.title}, images of {release.size} pixels'
        )
        return release.model, tensors, FaceCrop(release.size)
    if parts is None:
        raise ValueError(f'{checkpoint} carries no config: name its config file with config=')
    model = model_config(parts, checkpoint)
    refuse_foreign_types(model, checkpoint)
    return model, tensors, stored_crop(parts)


def _configured(config: str) -> Tuple[dict, Optional[FaceCrop]]:
    """Config of the model in a file, and how its images are cut."""
    parts = load_config(config).to_dict()
    return model_config(parts, config), stored_crop(parts)


def _init_silently(module: nn.Module) -> None:
    """Draw random weights without mmengine's three log lines about each of them."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('WARNING')
    try:
        module.init_weights()
    finally:
        logger.setLevel(level)
