"""What a file that nobody has described may be: its dialect, its columns, the presets that fit."""
