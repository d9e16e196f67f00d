"""The manual as a site, built by `make docs`: Sphinx with furo. Nothing is loaded from elsewhere when it is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP), str(TOP / "docs")]
from acmewrap import __version__  # noqa: E402

project = "acmewrap"
release = version = __version__
author = "the acmewrap authors"
project_copyright = "the acmewrap authors, MIT License"

extensions = ["myst_parser", "sphinx.ext.autodoc", "site_extension"]
root_doc = "index"
exclude_patterns = ["build"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"^(?!acmewrap).*"), ("py:.*", r"acmewrap\.(?=.*\.).*")]

myst_heading_anchors = 3
myst_heading_slug_func = "site_extension.slug"
suppress_warnings = ["myst.header"]  # included pages begin below the top

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"acmewrap {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None
html_theme_options = {"navigation_with_keys": True}
os.environ.setdefault("TZ", "UTC")
