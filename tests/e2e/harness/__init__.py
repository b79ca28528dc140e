"""What the end-to-end tests drive: the real daemon and driftctl, real servers, real tables."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / os.environ.get("DRIFT_BIN_DIR", "build/bin")  # relative to the root, if at all
