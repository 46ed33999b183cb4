"""How `make docs` makes a site of these pages; what is a warning there is an error."""

project = "omise-recon"
copyright = "omise-recon contributors"
extensions = ["myst_parser"]
myst_heading_anchors = 4
smartquotes = False  # words of a configuration are copied from these pages
html_theme = "furo"
html_title = "omise-recon"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
# What says no language is a terminal's.
highlight_language = "none"
