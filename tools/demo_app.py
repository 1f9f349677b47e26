"""A page in the browser: drop a photo, and see its faces, their regions with names, and the nearest faces of a folder.

    python tools/demo_app.py --folder data/my_faces

It needs gradio. The page is served to this machine only, and nothing is sent anywhere.
"""

import argparse
import html
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import cv2
import numpy as np

from fra_plugin.apis import FRAFeatures, SimilarFaces, read_face
from fra_plugin.command import errors_in_one_line, one_line, tell_broken
from fra_plugin.datasets import BrokenImageError, FaceCrop
from fra_plugin.faces import DETECTORS, DetectedFace, Detector, find_detector
from fra_plugin.files.printable import printable
from fra_plugin.reports.visualization import picture_rows, region_map, region_sheet

SIDE = 160  # of a face on the page, in pixels
PHOTO_SIDE = 800
NEAREST = 5
COLUMNS = 4
YELLOW = (0, 255, 255)
INTRODUCTION = """# Faces and their regions
Drop a photo. Each region is named after the facial part of which it covers the largest share. The number is its purity: this
share divided by the sum of the shares of all parts."""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'checkpoint', nargs='?', default='fra_r18w32_96px', help='of FRA, or a name of weights (default: %(default)s)'
    )
    parser.add_argument('--folder', help='faces (not whole photos) among which the nearest ones are looked for')
    parser.add_argument(
        '--detector',
        nargs='+',
        default=['auto'],
        metavar=('NAME', 'FILE'),
        help=f'one of {", ".join(DETECTORS)}, and its files (default: mtcnn where facenet-pytorch is installed, else haar)',
    )
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    parser.add_argument('--port', type=int, default=7860, help='of the page (default: %(default)s)')
    return parser.parse_args()


class Answer(NamedTuple):
    """What the page shows: a line or a table as HTML, and pictures (height, width, 3) in RGB."""

    text: str
    photo: Optional[np.ndarray] = None
    regions: Optional[np.ndarray] = None
    nearest: Optional[np.ndarray] = None


class Demo:
    """A photo -> its faces -> their regions and the nearest faces.

    Args:
        features: of a whole FRA checkpoint.
        detector: what finds the faces.
        known: the faces to search. Defaults to None, no search.

    Raises:
        ValueError: if the model has no regions, or its faces are aligned by points that the detector does not give.
    """

    def __init__(self, features: FRAFeatures, detector: Detector, known: Optional[SimilarFaces] = None) -> None:
        if features.model is None:
            raise ValueError(f'{features.source} is a backbone: the page needs a whole FRA checkpoint')
        if features.crop.align != 'none' and not detector.has_points:
            raise ValueError('the model needs aligned faces: use --detector mtcnn or yunet, which give points')
        if features.region_parts is None:
            features.name_regions()
        self.features, self.detector, self.known = features, detector, known
        self.shown = FaceCrop(**dict(features.crop.settings(), size=SIDE))

    def look(self, path: Optional[str]) -> Answer:
        """The answer for a file; of a mistake, one line."""
        if path is None:
            return Answer('')
        try:
            photo = read_face(path)
        except (BrokenImageError, OSError) as error:
            reason = getattr(error, 'reason', None) or one_line(error)
            return Answer(paragraph(f'This photo cannot be read: {reason.rstrip(".")}.'))
        found = self.detector(photo)
        if not found:
            return Answer(paragraph('No face found in this photo.'), rgb(mark(photo, found)))
        faces = [self.features.crop.cut(photo, face.box, face.points) for face in found]
        shown = [self.shown.cut(photo, face.box, face.points) for face in found]
        out = self.features(faces, what=['heatmaps'], progress=False)
        columns = [range(1, len(faces) + 1), [self.shares(masks, out['region_names']) for masks in out['heatmaps']]]
        regions = region_sheet(shown, out['heatmaps'], columns=COLUMNS, names=out['region_names'])
        nearest = None
        if self.known is not None:
            answers = [self.known.similar(face, count=NEAREST) for face in faces]
            columns.append([listed(answer) for answer in answers])
            nearest = rgb(self.nearest(shown, answers))
        return Answer(table(*columns), rgb(mark(photo, found)), rgb(regions), nearest)

    def shares(self, masks: np.ndarray, names: np.ndarray) -> str:
        """How much of a face each region covers."""
        counts = np.bincount(region_map(masks, SIDE, SIDE).ravel(), minlength=len(names)) / SIDE**2
        return ', '.join(f'{name} ({share:.0%})' for name, share in zip(names, counts))

    def nearest(self, shown: List[np.ndarray], answers: List[dict]) -> np.ndarray:
        rows = [
            [face, *(small(read_face(self.known.sources[place])) for place in answer['places'])]
            for face, answer in zip(shown, answers)
        ]
        return picture_rows(rows, [f'face {number} and its nearest' for number in range(1, len(rows) + 1)])


def listed(answer: dict) -> str:
    return ', '.join(f'{printable(name)} ({cosine:.2f})' for name, cosine in zip(answer['names'], answer['similarity']))


def paragraph(text: str) -> str:
    return f'<p>{html.escape(text)}</p>'


def table(*columns: Sequence[Any]) -> str:
    """A row for each face."""
    titles = ('face', 'regions (share of the picture)', 'nearest faces (cosine)')[: len(columns)]
    rows = [titles, *zip(*columns)]
    lines = (''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row) for row in rows)
    count = len(rows) - 1
    found = paragraph('1 face found.' if count == 1 else f'{count} faces found.')
    return f'{found}<table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table>'


def mark(photo: np.ndarray, faces: List[DetectedFace]) -> np.ndarray:
    """The photo, not too large, with a numbered box around each face."""
    scale = min(PHOTO_SIDE / max(photo.shape[:2]), 1.0)
    picture = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for number, face in enumerate(faces, 1):
        left, top, right, bottom = (round(scale * value) for value in face.box)
        cv2.rectangle(picture, (left, top), (right, bottom), YELLOW, 2)
        cv2.putText(picture, str(number), (left, top - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.7, YELLOW, 2, cv2.LINE_AA)
    return picture


def small(face: np.ndarray) -> np.ndarray:
    return cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def rgb(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[..., ::-1])


def search(features: FRAFeatures, folder: Optional[str]) -> Tuple[Optional[SimilarFaces], str]:
    """The faces of a folder, and what is to be said about them on the page."""
    if folder is None:
        return None, ''
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'--folder {folder}: no such folder')
    try:
        known = SimilarFaces(features, folder, skip_broken=True)
    except ValueError as error:  # there is no image in it, or none that can be read
        return None, paragraph(f'No nearest faces: {one_line(error)}.')
    tell_broken(known.left_out, len(known.left_out) + len(known.names))
    return known, paragraph(f'Nearest faces: of the {len(known.names):,} in {folder}.')


def page(gradio: Any, demo: Demo, note: str) -> Any:
    """The page as gradio's Blocks."""
    picture = dict(interactive=False, show_label=False, buttons=['fullscreen', 'download'])  # no button to share it
    with gradio.Blocks(title='Faces and their regions', analytics_enabled=False) as blocks:
        gradio.Markdown(INTRODUCTION)
        gradio.HTML(note)
        with gradio.Row():
            photo = gradio.File(label='Photo', file_types=['image'], type='filepath')
            marked = gradio.Image(**picture, elem_id='faces')
        text = gradio.HTML()
        regions = gradio.Image(**picture, elem_id='regions')
        nearest = gradio.Image(**picture, elem_id='nearest', visible=demo.known is not None)
        photo.change(demo.look, photo, [text, marked, regions, nearest])
    return blocks


def main() -> None:
    args = parse_args()
    with errors_in_one_line(), tempfile.TemporaryDirectory() as uploads:
        # Before gradio is imported. The photos are gone when the page is closed.
        os.environ.update(GRADIO_ANALYTICS_ENABLED='False', GRADIO_TEMP_DIR=uploads)
        try:
            import gradio
        except ImportError:
            raise ImportError("the page needs gradio: pip install 'gradio>=6.31,<7' (Python 3.10 or later)") from None
        features = FRAFeatures(args.checkpoint, device=args.device)
        known, note = search(features, args.folder)
        demo = Demo(features, find_detector(*args.detector), known)
        blocks = page(gradio, demo, note)
        try:
            blocks.launch(
                server_name='127.0.0.1',
                server_port=args.port,
                share=False,
                quiet=True,
                ssr_mode=False,
                footer_links=[],
                theme=gradio.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['monospace']),
                prevent_thread_lock=True,
            )
        except (OSError, OverflowError):
            raise OSError(f'port {args.port} is not free, or no port: choose another one with --port') from None
        print(f'open {blocks.local_url} (end with Ctrl+C)', flush=True)
        blocks.block_thread()


if __name__ == '__main__':
    main()
