"""A self-contained html page of text, tables and pictures: one file that can be mailed, without script or network.

Example:
    >>> report = Report('Regions of my faces', 'fra_r50.pth, 24 images')
    >>> report.heading('Overlays').text('Each colour is one region.')
    >>> report.figure(sheet, caption='Eight faces')  # BGR array, matplotlib figure or image file
    >>> report.table(['face', 'similarity'], [['ann.jpg', 0.91], ['ben.jpg', 0.18]], caption='Nearest neighbours')
    >>> report.save('report.html')
"""

import base64
import io
from pathlib import Path
from typing import Any, List, Optional, Sequence, Union

import cv2
import jinja2
import numpy as np

from ..files.whole_file import whole_file

MEDIA_TYPES = {
    '.png': 'image/png',
    '.jpg': 'image/jpeg',
    '.jpeg': 'image/jpeg',
    '.gif': 'image/gif',
    '.webp': 'image/webp',
    '.svg': 'image/svg+xml',
}

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #1c2330;
       background: #fff; max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid #dfe3ea; }
p { margin: .5rem 0; max-width: 46rem; white-space: pre-line; }
.subtitle, figcaption, caption { color: #5b6475; font-size: .9rem; }
.warning { border-left: 4px solid #d55e00; background: #fdf3ec; padding: .5rem .9rem; }
figure { margin: 1rem 0; }
.pictures { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-start; }
.pictures img { max-width: 100%; height: auto; }
.pictures[style] { display: grid; grid-template-columns: repeat(var(--columns), 1fr); }
.pictures[style] img { width: 100%; }
figcaption { margin-top: .35rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .92rem; }
caption { caption-side: bottom; text-align: left; padding-top: .35rem; }
th, td { padding: .35rem 1.25rem .35rem 0; text-align: left; border-bottom: 1px solid #e8ebf0; vertical-align: top; }
thead th { color: #5b6475; font-weight: 600; border-bottom-color: #c9cfda; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@media print { h2, figure, tr { break-inside: avoid; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if subtitle %}<p class="subtitle">{{ subtitle }}</p>{% endif %}
{% for part in parts %}
{% if part.kind == 'heading' %}
<h2>{{ part.text }}</h2>
{% elif part.kind == 'text' %}
<p{% if part.warning %} class="warning" role="alert"{% endif %}>{{ part.text }}</p>
{% elif part.kind == 'figure' %}
<figure><div class="pictures"{% if part.columns %} style="--columns: {{ part.columns }}"{% endif %}>
{% for picture in part.pictures %}<img src="{{ picture }}" alt="{{ part.caption }}">
{% endfor %}</div>{% if part.caption %}<figcaption>{{ part.caption }}</figcaption>{% endif %}</figure>
{% else %}
<div class="scroll"><table>{% if part.caption %}<caption>{{ part.caption }}</caption>{% endif %}
<thead><tr>{% for text in part.header %}<th{% if part.numeric[loop.index0] %} class="number"{% endif %}>{{ text }}</th>
{% endfor %}</tr></thead>
<tbody>{% for row in part.rows %}<tr>
{% for text in row %}<td{% if part.numeric[loop.index0] %} class="number"{% endif %}>{{ text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% endif %}
{% endfor %}
</body>
</html>
"""


class Report:
    """Parts in the order in which they are added; each method gives the report back. All text is escaped.

    Args:
        title: of the page.
        subtitle: one line below it. Defaults to ''.
    """

    def __init__(self, title: str, subtitle: str = '') -> None:
        self.title = title
        self.subtitle = subtitle
        self.parts: List[dict] = []

    def heading(self, text: str) -> 'Report':
        """Start a section."""
        self.parts.append(dict(kind='heading', text=text))
        return self

    def text(self, text: str, warning: bool = False) -> 'Report':
        """Add a paragraph; line breaks stay. A warning stands out."""
        self.parts.append(dict(kind='text', text=text, warning=warning))
        return self

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = '') -> 'Report':
        """Add a table. Floats get four significant digits; a column of numbers is aligned to the right; None is empty.

        Raises:
            ValueError: if a row has not as many cells as the header.
        """
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f'the table has {len(header)} columns, got a row of {len(row)}: {list(row)}')
        number = (int, float, np.number, type(None))
        numeric = [all(isinstance(cell, number) for cell in column) for column in zip(*rows)]
        self.parts.append(
            dict(
                kind='table',
                header=header,
                rows=[[_cell(cell) for cell in row] for row in rows],
                numeric=numeric or [False] * len(header),
                caption=caption,
            )
        )
        return self

    def figure(self, *pictures: Any, caption: str = '', columns: Optional[int] = None) -> 'Report':
        """Add pictures side by side, in their own size as far as the page is wide.

        Args:
            *pictures: BGR or grey uint8 arrays, matplotlib figures (become vector graphics) or image files.
            caption: below them. Defaults to ''.
            columns: shrink or stretch the pictures so that this many stand in a row. Defaults to None.

        Raises:
            TypeError: for anything else.
            ValueError: for a file that is no png, jpeg, gif, webp or svg, by its name.
            FileNotFoundError: if a file is missing.
        """
        pictures = [_data_url(picture) for picture in pictures]
        self.parts.append(dict(kind='figure', pictures=pictures, caption=caption, columns=columns))
        return self

    def html(self) -> str:
        """The page."""
        page = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
        return page.render(title=self.title, subtitle=self.subtitle, parts=self.parts)

    def save(self, path: Union[str, Path]) -> None:
        """Write the page whole or not at all; its folder is made."""
        page = self.html()
        with whole_file(path) as partial:
            Path(partial).write_text(page, encoding='utf-8', errors='backslashreplace')


def _cell(value: Any) -> str:
    if value is None:
        return ''
    return f'{value:.4g}' if isinstance(value, (float, np.floating)) else str(value)


def _data_url(picture: Any) -> str:
    """The picture as a data URL."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3):
            raise TypeError(
                f'a picture must be a uint8 array (height, width[, 3]), got {picture.shape} {picture.dtype}'
            )
        media_type, data = 'image/jpeg', cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    elif isinstance(picture, (str, Path)):
        media_type = MEDIA_TYPES.get(Path(picture).suffix.lower())
        if media_type is None:
            raise ValueError(f'{picture}: expected an image file ({", ".join(MEDIA_TYPES)})')
        data = Path(picture).read_bytes()
    elif hasattr(picture, 'savefig'):
        buffer = io.BytesIO()
        picture.savefig(buffer, format='svg', bbox_inches='tight', metadata=dict(Date=None))
        media_type, data = 'image/svg+xml', buffer.getvalue()
    else:
        raise TypeError(f'a picture is an array, a matplotlib figure or a file, got {type(picture).__name__}')
    return f'data:{media_type};base64,{base64.b64encode(data).decode()}'
