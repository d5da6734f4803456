"""The scripts for the shells. Each asks `claude-remote completion SHELL --words …` at every Tab.

The words are those after the program's name, up to the one that is being written, which may be empty. The
answer is one candidate on a line, fit for that shell.
"""

from __future__ import annotations

SHELLS = ("bash", "zsh", "fish")

_BASH = """\
# claude-remote completion for bash. In ~/.bashrc: eval "$(claude-remote completion bash)"
_claude_remote() {
    local words cword cur prev IFS=$'\\n'
    if declare -F _get_comp_words_by_ref >/dev/null; then
        # Whole words: without this, bash divides home:7433 and --server=home.
        _get_comp_words_by_ref -n := words cword cur prev
    else
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}
    fi
    COMPREPLY=($(claude-remote completion bash --words "${words[@]:1:cword}" 2>/dev/null))
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -o default -F _claude_remote claude-remote
"""

_ZSH = """\
#compdef claude-remote
# claude-remote completion for zsh. In ~/.zshrc, after compinit: eval "$(claude-remote completion zsh)"
_claude_remote() {
    local -a candidates
    candidates=("${(@f)$(claude-remote completion zsh --words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n ${candidates[1]} ]]; then
        compadd -- "${candidates[@]}"
    else
        _files
    fi
}
compdef _claude_remote claude-remote
"""

_FISH = """\
# claude-remote completion for fish. Its place: ~/.config/fish/completions/claude-remote.fish
function __claude_remote
    set -l words (commandline -opc) (commandline -ct)
    claude-remote completion fish --words $words[2..-1] 2>/dev/null
end
complete -c claude-remote -a "(__claude_remote)"
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """The script for a shell."""
    return _SCRIPTS[shell]
