# Tab completion of realign for bash. The program itself knows what can follow; file names complete where it knows nothing.
_realign_complete() {
    local name="${COMP_WORDS[0]}"
    local line="./realign${COMP_LINE:${#name}}"
    local position=$((COMP_POINT - ${#name} + 9))
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$("$name" complete "$position" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _realign_complete realign ./realign
