"""The command with models that need no network; other processes that it starts run this file too."""

from __future__ import annotations

import sys
from types import ModuleType

from folder_doubles import load_double

stand_in = ModuleType("uois_sam.segmentation.load")
stand_in.load_pipeline = load_double  # type: ignore[attr-defined]
sys.modules[stand_in.__name__] = stand_in

if __name__ == "__main__":
    from uois_sam.cli import main

    sys.exit(main())
