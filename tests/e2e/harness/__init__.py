"""What the end-to-end tests drive: the real daemon and driftctl, real servers, real tables."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("DRIFT_BIN_DIR", ROOT / "build" / "bin"))
