"""Standing rules: which questions of Claude's are answered without asking anybody.

They are written in Claude's own grammar of permission rules (`Bash(pytest *)`, `Edit(src/**)`, `mcp__x__y`),
and answer at most what Claude Code 2.1.330 would let pass with the same rule in its settings; wherever that
cannot be told for certain, a rule does not match and somebody is asked. The end-to-end tests compare with the
real claude.
"""

from claude_remote.rules.grammar import MAX_RULE, BadRule, Rule, parse
from claude_remote.rules.matching import Use, matches, why_never

__all__ = ["MAX_RULE", "BadRule", "Rule", "Use", "matches", "parse", "why_never"]
