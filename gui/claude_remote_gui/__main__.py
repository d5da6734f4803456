"""python -m claude_remote_gui"""

import sys

from claude_remote_gui.cli import main

sys.exit(main())
