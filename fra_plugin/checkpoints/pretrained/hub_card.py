"""README.md of a folder of weights: what it was trained on and how, what was measured, its licence, and how to use it."""

import json
import re
from pathlib import Path
from typing import Any, Mapping, Optional

import yaml

from ...configs import dicts
from ..safe_loading.safe_load import safe_load
from ..shipped_weights import SHIPPED_FOLDER, find_checkpoint, shipped_weights
from ..stored_config import LOADERS, checkpoint_config

HEADER = re.compile(r'\A---\n(.*?)^---\n+', re.DOTALL | re.MULTILINE)
TITLE = re.compile(r'^# .*$', re.MULTILINE)
FILE = re.compile(r'<!-- file -->.*<!-- end of file -->', re.DOTALL)
UNKNOWN = 'Not stated in the checkpoint.'
USE = """## Use

```python
from fra_plugin.apis import FRAFeatures

features = FRAFeatures.from_pretrained('{name}')
features('faces/')
```
"""


def model_card(source: str, name: str, crop: Any, origin: Mapping[str, Any], licence: Optional[str] = None) -> str:
    """Text of the card, with the hub's header.

    Weights that come with the package, or that were read from such a folder, have a card: it is kept, but for its title and
    the lines on the package's file. That of another checkpoint is drawn up from what it says about itself; what was measured
    is for its maker to fill in.

    Args:
        source: the checkpoint, its name, or a folder that ``save_pretrained`` has written.
        name: what to call the model.
        crop: the :class:`FaceCrop` of its faces.
        origin: where the weights come from.
        licence: of the weights, such as 'cc-by-nc-4.0'. Defaults to None: that of the former card, else 'other'.
    """
    former = _former_card(source)
    header = dict(library_name='fra_plugin', pipeline_tag='image-feature-extraction', license='other')
    header['tags'] = ['face', 'self-supervised', 'facial-region-awareness']
    if former is None:
        body = _drawn_up(source, name, crop, origin)
    else:
        match = HEADER.match(former)
        if match:
            header.update(yaml.safe_load(match.group(1)) or {})
        body = TITLE.sub(lambda _: f'# {name}', HEADER.sub('', former), count=1)
        body = FILE.sub(lambda _: _origin_line(source, origin), body)
    if licence:
        header['license'] = licence
        header.pop('license_name', None)
    return f'---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n{body.rstrip()}\n'


def _former_card(source: str) -> Optional[str]:
    folder = Path(source)
    if folder.is_dir():
        return (folder / 'README.md').read_text(encoding='utf-8') if (folder / 'README.md').is_file() else None
    if source in shipped_weights() and not folder.is_file():
        return (SHIPPED_FOLDER / f'{source}.md').read_text(encoding='utf-8')
    return None


def _origin_line(source: str, origin: Mapping[str, Any]) -> str:
    return f'- From: `{origin.get("source", source)}`, SHA-256 `{origin.get("sha256", "")}`'


def _drawn_up(source: str, name: str, crop: Any, origin: Mapping[str, Any]) -> str:
    content = safe_load(find_checkpoint(source)) if not Path(source).is_dir() else {}
    config = checkpoint_config(content, source) or {}
    data = [
        ', '.join(str(part[key]) for key in ('type', 'data_root', 'data_prefix', 'ann_file') if part.get(key))
        for part in dicts((config.get(LOADERS[-1]) or {}).get('dataset'))
        if part.get('data_root') is not None
    ]
    losses = sorted({str(part['type']) for part in dicts(config.get('model')) if 'Loss' in str(part.get('type'))})
    run = ', '.join(f'{key} {origin[key]}' for key in ('config', 'epoch', 'iter') if key in origin)
    batch = (config.get(LOADERS[-1]) or {}).get('batch_size')
    recipe = [
        run and f'Run: {run}.',
        losses and f'Losses: {", ".join(losses)}.',
        batch and f'Batch: {batch} a process.',
    ]
    return '\n'.join(
        [
            f'# {name}',
            '',
            'Features and regions of faces, learned without labels.',
            '',
            USE.format(name=name),
            '## Training',
            '',
            f'- Data: {"; ".join(data) or UNKNOWN}',
            f'- Recipe: {" ".join(filter(None, recipe)) or UNKNOWN}',
            _origin_line(source, origin),
            '',
            '## Faces',
            '',
            f'Crops of {crop.size} x {crop.size} pixels: `FaceCrop(**{json.dumps(crop.settings())})`, see config.json.',
            '',
            '## Results',
            '',
            '<!-- frozen_features -->',
            '',
            'Not measured yet. `tools/benchmark_frozen.py ... --page README.md` writes its table here.',
            '',
            '<!-- end of frozen_features -->',
            '',
            '## Licence and limits',
            '',
            'The weights follow the terms of the data that they were trained on. They are not made to recognise persons or',
            'to decide anything about them.',
        ]
    )
