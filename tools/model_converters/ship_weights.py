"""Puts the encoder of an FRA checkpoint into the package, in the place of the weights of that name.

    python tools/model_converters/ship_weights.py work_dirs/fra/epoch_10.pth fra_r18w32_96px

Beside it must lie the model card, fra_plugin/weights/NAME.md, whose header has the licence. In it, the lines on the file and
the names of the regions are renewed; its table of results is renewed by `tools/benchmark_frozen.py ... --page
fra_plugin/weights/NAME.md`. The names, told by drawn faces, also go into a file of their own. The model's outputs for one
drawn face are stored with the weights, and a test compares with them.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export import write_weights
from fra_plugin.checkpoints.export_encoder import export_encoder
from fra_plugin.checkpoints.fingerprint import drawn_face, fingerprint
from fra_plugin.checkpoints.pretrained.region_names_path import region_names_path
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.shipped_weights import HASH_DIGITS, SHIPPED_FOLDER, shipped_weights
from fra_plugin.command import errors_in_one_line
from fra_plugin.files.file_hash import sha256
from fra_plugin.files.whole_file import whole_file
from fra_plugin.reports.result_table import fill_page


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='checkpoint of FRA')
    parser.add_argument('name', help='of the weights, such as fra_r18w32_96px')
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument(
        '--folder', type=Path, default=SHIPPED_FOLDER, help="of weights and cards (default: the package's)"
    )
    args = parser.parse_args()
    if not re.fullmatch(r'\w[\w.]*', args.name):
        parser.error(f'expected a name of letters, digits, "_" and ".", got {args.name}')
    return args


def ship(checkpoint: str, name: str, folder: Path, config: str = None) -> Path:
    """The file written; the former one of that name is removed after it.

    Raises:
        FileNotFoundError: if there is no checkpoint, or no card.
        ValueError: if the checkpoint has no encoder of FRA or no config, or the card lacks the marks.
    """
    card = folder / f'{name}.md'
    if not card.is_file():
        raise FileNotFoundError(
            f'no model card {card}: write one, with the lines <!-- file -->, <!-- end of file -->, <!-- regions --> and '
            '<!-- end of regions -->'
        )
    former = shipped_weights(folder).get(name)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        draft = Path(temporary, 'draft.safetensors')
        record = export_encoder(checkpoint, str(draft), config)
        features = FRAFeatures(draft, device='cpu')
        numbers = fingerprint(features([drawn_face()], what=['embedding', 'heatmaps']))
        parts = features.name_regions()
        write_weights(safe_load(draft)['state_dict'], dict(record, fingerprint=numbers), str(draft))
        digest = sha256(draft)
        rows = [f'| {number} | {name or "none"} |' for number, name in enumerate(parts.names())]
        fill_page(card, 'regions', '\n'.join(['| region | facial part, purity |', '| --- | --- |', *rows]))
        run = ', '.join(f'{key} {record[key]}' for key in ('config', 'epoch', 'iter') if key in record)
        fill_page(
            card,
            'file',
            f'- File: `{name}-{digest[:HASH_DIGITS]}.safetensors`, {draft.stat().st_size / 1e6:.1f} MB\n'
            f'- SHA-256: `{digest}`\n'
            f'- From: `{record["source"]}`' + (f' ({run})' if run else '') + f', SHA-256 `{record["sha256"]}`',
        )
        path = folder / f'{name}-{digest[:HASH_DIGITS]}.safetensors'
        with whole_file(path) as partial:
            Path(partial).write_bytes(draft.read_bytes())
        parts._replace(weights=digest).save(region_names_path(path))
    if former is not None and former != path:
        region_names_path(former).unlink(missing_ok=True)
        former.unlink()
    return path


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        print(f'wrote {ship(args.checkpoint, args.name, args.folder, args.config)}')


if __name__ == '__main__':
    main()
