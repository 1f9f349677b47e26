"""What a user calls from Python: embeddings, feature maps and regions of faces as NumPy arrays, and faces that look alike."""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmpretrain.registry import MODELS
from rich.console import Console
from rich.progress import track
from torch import nn
from torch.utils.data import Dataset

from .checkpoints.export import origin, run_of
from .checkpoints.export_encoder import ENCODER_PARTS
from .checkpoints.known_releases import known_release
from .checkpoints.official_release import OFFICIAL_SIZE, official_config, official_to_plugin
from .checkpoints.pretrained.hub import HUB_ID, download_folder, upload_folder
from .checkpoints.pretrained.hub_card import model_card
from .checkpoints.pretrained.pretrained_folder import PretrainedFolder, read_folder, write_folder
from .checkpoints.pretrained.region_names_path import region_names_path
from .checkpoints.pretrained_backbone import backbone_tensors, fill, named_tensors
from .checkpoints.safe_loading.safe_load import safe_load
from .checkpoints.shipped_weights import find_checkpoint
from .checkpoints.stored_config import checkpoint_config, model_config, refuse_foreign_types, sees_rgb, stored_crop
from .configs import load_config
from .datasets.given_images import Image, list_images, read_face, read_or_reason, readable_images
from .datasets.parsing.label_map import read_label_map
from .datasets.parsing.parsed_faces import ParsedFaces
from .datasets.transforms.face_crop import FaceCrop
from .evaluation.labelled_features import pooled
from .evaluation.regions.facial_parts import PartMap
from .evaluation.regions.region_names import RegionParts, parts_by_landmarks, parts_by_pixels
from .evaluation.similar_faces import SimilarFaces
from .files.file_hash import sha256
from .models.fra import FRA
from .synthetic import REGIONS, render_face

__all__ = ['FRAFeatures', 'Image', 'OUTPUTS', 'SimilarFaces', 'list_images', 'read_face', 'readable_images']

OUTPUTS = ('embedding', 'feature_map', 'heatmaps', 'region_embedding')
OF_REGIONS = ('heatmaps', 'region_embedding')
# Temperature of the embeddings of regions: at that of the heatmaps all regions would have nearly the same embedding.
SHARPNESS = 0.1
DRAWN_FACES = 200  # that tell which facial part a region is; another 200 change a purity by some hundredths


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
        checkpoint: training checkpoint of FRA or of another model of mmpretrain or mmpose, an official FRA checkpoint, what
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
        source = os.fspath(config if checkpoint is None else checkpoint)
        self.source: Optional[str] = None if checkpoint is None else _full_path(source)
        self._sha256 = ''
        if checkpoint is None:
            model, crop = _configured(config)
        else:
            # Before the file is read: a file that is replaced meanwhile is then noticed by save_pretrained.
            self._sha256 = sha256(find_checkpoint(source))
            model, tensors, crop = _read(source, config)
        self.device = _device(device or get_device())
        if not crop and size is None:
            raise ValueError(f'{source}: its config does not tell the size of images: give size=')
        self.crop = FaceCrop(**dict(crop.settings() if crop else {}, **({} if size is None else dict(size=size))))
        self.size = self.crop.size
        preprocessor = model.get('data_preprocessor') or {}
        self.mean = np.array(preprocessor.get('mean') or 0, np.float32)
        self.std = np.array(preprocessor.get('std') or 1, np.float32)
        self.to_rgb = sees_rgb(preprocessor)
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
        self.region_parts = _stored_parts(source, self._sha256) if is_fra and checkpoint is not None else None
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
            FileNotFoundError: if there is no such folder, or a file in it is missing. A name that begins with a point, or
                whose parent folder is here, is never one of the hub.
            ImportError: if the hub is needed and huggingface_hub is not installed.
            OSError: if the hub does not have the model or can't be reached.
            ValueError: if a file is not as expected.
        """
        text = os.path.expanduser(os.fspath(name))
        if not os.path.exists(text) and HUB_ID.fullmatch(text):
            if text.startswith('.') or os.path.isdir(os.path.dirname(text)):
                raise FileNotFoundError(f'no folder {text} here')
            text = download_folder(text, revision, token)
        return cls(text, **settings)

    def save_pretrained(
        self, folder: Union[str, Path], *, name: Optional[str] = None, licence: Optional[str] = None
    ) -> None:
        """Write the encoder for others: model.safetensors, config.json and README.md, as the Hugging Face hub has them.

        config.json holds the model, the pre-processing and the crop of the faces. README.md says what the checkpoint
        knows about its training; look at it, and add what you have measured. Names of regions, if they are known, are in
        model.regions.json.

        Args:
            folder: it is made; other files in it stay.
            name: of the model. Defaults to None, the folder's.
            licence: of the weights, such as 'cc-by-nc-4.0'. Defaults to None: that of the weights' card, else 'other'.

        Raises:
            ValueError: for random weights, or if the checkpoint has changed since it was read.
            FileNotFoundError: if the checkpoint is gone.
            NotADirectoryError: if ``folder`` is a file.
        """
        if self.source is None:
            raise ValueError('random weights are not saved: give a checkpoint')
        if sha256(find_checkpoint(self.source)) != self._sha256:
            raise ValueError(f'{self.source} has changed since it was read: read it again')
        if os.path.isdir(self.source):
            facts = read_folder(self.source).origin
        else:
            facts = dict(origin(self.source), **run_of(safe_load(self.source)))
        config = self._config
        if self.model is not None:
            tensors = {key: part for key, part in self.model.state_dict().items() if key.startswith(ENCODER_PARTS)}
        else:
            tensors = {f'backbone.{key}': part for key, part in self.backbone.state_dict().items()}
            # Only the backbone is saved, and its former model may be one that mmpretrain does not know.
            parts = {key: part for key, part in self._config.items() if key in ('backbone', 'data_preprocessor')}
            config = dict(type='ImageClassifier', **parts)
        name = name or os.path.basename(os.path.abspath(folder))
        card = model_card(self.source, name, self.crop, facts, licence)
        write_folder(folder, PretrainedFolder(config, tensors, self.crop, facts), card)
        saved = sha256(find_checkpoint(folder))
        if self.region_parts is not None:
            self.region_parts._replace(weights=saved).save(region_names_path(folder))
        if self.source == _full_path(os.fspath(folder)):
            self._sha256 = saved

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
        *,
        skip_broken: bool = False,
    ) -> Dict[str, np.ndarray]:
        """Arrays over N images; all of them are kept in memory, so ask only for what you need of many.

        Args:
            images: a file, a folder (all images below it), a BGR array (H, W, 3) or grey array (H, W) of uint8, several
                of one size (N, H, W, 3), or a list of files and arrays.
            batch_size: images at once. Defaults to 32.
            what: some of 'embedding', 'feature_map', 'heatmaps', 'region_embedding'. Defaults to None: the first three, or
                those of them that the model has.
            progress: show a progress bar. Defaults to None: on a terminal.
            skip_broken: leave out files that can't be read, and say which. Defaults to False, an error.

        Returns:
            ``names`` (N, ), the files as given (below a folder: relative to it), or the places of arrays in the list; and
            ``embedding`` (N, C), the average of the backbone's last feature map; ``feature_map`` (N, C, h, w), that map;
            ``heatmaps`` (N, K, h, w), the soft masks of the regions, which sum to 1 over K; ``region_embedding`` (N, K, C),
            the average of the feature map over each region: all float32. The weights of that average are not the heatmaps
            but sharper masks, the softmax of the same cosines at temperature 0.1 (``SHARPNESS``). With the last two come
            the ``region_names`` (K, ), such as 'left eye 0.82', if they are known, see :meth:`name_regions`.
            With ``skip_broken``, N images could be read: ``places`` (N, ) are theirs in the list, and ``left_out`` has a
            line for each of the others.

        Raises:
            FileNotFoundError: if a file is missing.
            IsADirectoryError: for a folder in a list of files.
            ValueError: for a file that is no image (with ``skip_broken``: if none is one), another array, no image at all, an
                output that the model has not, or values that are not finite.
            TypeError: for images that are neither files nor arrays.
        """
        strict = what is not None
        what = self._outputs(what)
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f'batch_size must be a whole number of at least 1, got {batch_size!r}')
        names, sources = list_images(images)
        outputs: Dict[str, List[np.ndarray]] = {name: [] for name in what}
        starts = range(0, len(sources), batch_size)
        hidden = not (sys.stderr.isatty() if progress is None else progress)
        prepare = partial(read_or_reason, self._prepare) if skip_broken else self._prepare
        places, left_out = [], []
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for start in track(starts, 'images', disable=hidden, console=Console(stderr=True)):
                prepared = list(pool.map(prepare, sources[start : start + batch_size]))
                left_out += [reason for reason in prepared if isinstance(reason, str)]
                read = [place for place, face in enumerate(prepared, start) if not isinstance(face, str)]
                if not read:
                    continue
                places += read
                batch = np.stack([prepared[place - start] for place in read])
                for name, values in self._infer(torch.from_numpy(batch).to(self.device), what, strict).items():
                    outputs[name].append(values.float().cpu().numpy())
                    _refuse_not_finite(name, outputs[name][-1], [names[place] for place in read])
        if not places:
            where = f'none of the {len(sources):,} images can be read: ' if len(sources) > 1 else ''
            raise ValueError(f'{where}{left_out[0]}')
        arrays = {name: np.concatenate(parts) for name, parts in outputs.items() if parts}
        found = dict(names=np.array(names)[places], **arrays)
        if skip_broken:
            found.update(places=np.array(places), left_out=np.array(left_out, str))
        if set(OF_REGIONS) & set(what) and self.region_parts is not None:
            found['region_names'] = np.array(self.region_parts.names())
        return found

    def name_regions(self, faces: Optional[Dataset] = None) -> RegionParts:
        """Name each region after the facial part of which it covers the largest share; later outputs carry the names.

        Names and purities are explained in :mod:`fra_plugin.evaluation.regions.region_names`. Those that
        tools/name_regions.py has put beside a checkpoint are known from the start.

        Args:
            faces: a :class:`LandmarkFaces`, or a data set for face parsing such as :class:`LaPa`. Defaults to None: faces
                that are drawn, whose parts are known pixel by pixel.

        Raises:
            ValueError: if the model has no heatmaps, or for landmarks of an unknown mark-up.
        """

        def heatmaps(images: List[np.ndarray]) -> np.ndarray:
            return self(images, what=['heatmaps'], progress=False)['heatmaps']

        if faces is None:
            drawn = (render_face(0, index, 128) for index in range(DRAWN_FACES))
            parts = parts_by_pixels(heatmaps, ((face['image'], face['regions']) for face in drawn), PartMap(REGIONS))
            told_by = f'{DRAWN_FACES} drawn faces'
        elif isinstance(faces, ParsedFaces):
            infos = (faces.get_data_info(index) for index in range(len(faces)))
            parsed = ((read_face(info['img_path']), read_label_map(info)) for info in infos)
            parts = parts_by_pixels(heatmaps, parsed, PartMap(faces.METAINFO['classes']))
            told_by = f'{len(faces)} faces of {type(faces).__name__}'
        else:
            parts, told_by = parts_by_landmarks(heatmaps, faces), f'{len(faces)} faces with landmarks'
        self.region_parts = parts._replace(faces=told_by, weights=self._sha256)
        return self.region_parts

    def _outputs(self, what: Optional[Sequence[str]]) -> Tuple[str, ...]:
        if what is None:
            return OUTPUTS[:3] if self.model is not None else OUTPUTS[:2]
        what = (what,) if isinstance(what, str) else tuple(what)
        for name in what:
            if name not in OUTPUTS:
                raise ValueError(f'what must be some of {", ".join(OUTPUTS)}, got {name!r}')
        for name in OF_REGIONS:
            if name in what and self.model is None:
                raise ValueError(f'{name!r} needs a whole FRA checkpoint, this one is a backbone')
        return what

    def _prepare(self, source: Image) -> np.ndarray:
        """Normalised image (3, size, size), float32."""
        image = read_face(source, self.size)
        image = self.crop.resize(image)
        image = image[..., ::-1] if self.to_rgb else image
        return np.ascontiguousarray(((image - self.mean) / self.std).transpose(2, 0, 1), np.float32)

    @torch.no_grad()
    def _infer(self, inputs: torch.Tensor, what: Sequence[str], strict: bool) -> Dict[str, torch.Tensor]:
        """The outputs; one without a map, such as a ViT's class token, is refused if ``strict``, else has no feature_map."""
        feats = self.backbone(inputs)
        feature_map = feats[-1] if isinstance(feats, (list, tuple)) else feats
        outputs = {}
        if 'embedding' in what:
            outputs['embedding'] = pooled(feats)
        if 'feature_map' in what and (strict or feature_map.dim() == 4):
            if feature_map.dim() != 4:
                raise ValueError(f'the backbone {type(self.backbone).__name__} gives no feature map')
            outputs['feature_map'] = feature_map
        if set(OF_REGIONS) & set(what):
            logits = self.model.neck.region_logits(feats)
            if 'heatmaps' in what:
                outputs['heatmaps'] = self.model.neck.heatmap_head.masks(logits)
            if 'region_embedding' in what:
                masks = (logits / SHARPNESS).softmax(dim=1).flatten(2)
                weights = masks / masks.sum(dim=2, keepdim=True)
                outputs['region_embedding'] = weights @ feature_map.flatten(2).transpose(1, 2)
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
    # Of another model only the backbone is built, such as that of a landmark model of mmpose.
    refuse_foreign_types(model if model['type'] == 'FRA' else model.get('backbone') or model, checkpoint)
    return model, tensors, stored_crop(parts)


def _full_path(source: str) -> str:
    """The absolute path of a file or folder, as the working directory may change; the name of shipped weights as it is."""
    path = os.path.expanduser(source)
    return os.path.abspath(path) if os.path.exists(path) else source


def _stored_parts(checkpoint: str, weights: str) -> Optional[RegionParts]:
    """The names of regions that lie beside a checkpoint, if they are names of these weights, given by their hash."""
    path = region_names_path(checkpoint)
    if not path.is_file():
        return None
    parts = RegionParts.load(path)
    if parts.weights != weights:
        MMLogger.get_current_instance().warning(
            f'{path} has names for the regions of other weights: without names until tools/name_regions.py renews it'
        )
        return None
    return parts


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
