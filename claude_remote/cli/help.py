"""What `claude-remote --help` says. By hand, for it teaches by examples and must start quickly."""

HELP = """\
claude-remote: reach Claude Code on any of your machines from any other

  claude-remote                                  a conversation, on a terminal
  claude-remote -p "fix the failing test"        one prompt; its answer on standard output
  git diff | claude-remote -p "review this"      what is piped in belongs to the prompt
  claude-remote -C src/api -p "…"                in that folder of the server; remembered for the folder here
  claude-remote -c -p "and now the docs"         go on with your last session in that folder
  claude-remote -r fix-test -p "…"               go on with a session, by name or id
  claude-remote -s work -p "…"                   on another server
  claude-remote -p "…" --bg                      do not wait for it: prints the session's name and id

First, once for each server:
  claude-remote servers add home home.lan --fingerprint SHA256:…

Commands (each has --help):
  sessions    the sessions on the server        attach      show one, and follow what comes
  logs        the last turns of one             send        queue a prompt, or steer the running turn
  wait        until one is idle                 interrupt   end the running turn
  approvals   what Claude asks; --follow        show        one of them, whole
  allow       yes                               deny        no
  answer      its questions and plans           rules       what passes without asking; add, remove
  trust       a folder with its own settings
  stop        close one; a prompt opens it      rename      call one otherwise
  ping        is the server there?              servers     those that this machine trusts; add, forget
  clients     who may use the server; approve…  config      choose the default server
  status      how every hop to claude fares     completion  for bash, zsh and fish

Where:
  -s, --server SERVER      a name from `servers`, HOST, HOST:PORT, [IPV6]:PORT, unix:PATH or ssh:[USER@]HOST;
                           else CLAUDE_REMOTE_SERVER, else the default, else this machine
  -C, --cwd DIR            the folder on the server
  --fingerprint SHA256:…   trust a new server if it has this fingerprint
  --accept-new             trust a new server, whoever answers
  --wait [SECONDS]         wait for the owner's approval (a terminal waits anyway)

What:
  -p, --print              print the answer and exit
  --output-format F        text, json (claude's result) or stream-json (claude's own lines)
  --input-format stream-json  prompts as claude's JSON lines on standard input, one after another
  -n, --name NAME          a name for the new session
  -r, --resume SESSION     go on with a session; -c, --continue with the last one in that folder
  --fork-session           go on with a copy of it
  -w, --worktree [NAME]    begin in a git worktree of its own
  --on-approval P          when Claude asks: wait, deny or fail (default: ask on a terminal, deny without)
  --bg, --detach           return at once; the prompt runs by itself
  --timeout SECONDS        interrupt the turn after so long
  --verbose                tools, cost and timing on standard error
  Claude's own options pass through: --model, --permission-mode, --allowedTools, --append-system-prompt,
  --max-turns, --add-dir, --json-schema, --settings, --effort, … and whatever stands behind --

Exit codes: 0; 1 Claude reported an error; 2 usage; 3 the server cannot be reached, or was lost; 4 not
approved, refused, revoked, or a right is missing; 5 the server's identity has changed; 130 interrupted
"""
