/**
 * What a shell needs to complete command lines of `labwright`: it asks `labwright complete` with the words that were typed, the last one perhaps
 * empty, and gets a line for each that may stand there, with what it is for behind a tab; `:files` asks for names of files as well.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# labwright completion bash: put  eval "$(labwright completion bash)"  into ~/.bashrc
_labwright() {
  local word glued= current=\${COMP_WORDS[COMP_CWORD]} prefix line i
  local -a typed=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # Bash takes --option=value and device:ID apart; they are one word here.
    if [[ \${#typed[@]} -gt 0 && -n $word && ( -n $glued || $word == [=:]* ) ]]; then
      typed[\${#typed[@]} - 1]+=$word
    else
      typed+=("$word")
    fi
    glued=
    [[ $word == [=:]* ]] && glued=1
  done
  [[ $current == [=:]* ]] && current=
  # What stands before the part that Bash replaces.
  prefix=\${typed[\${#typed[@]} - 1]}
  prefix=\${prefix%"$current"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      type compopt &>/dev/null && compopt -o filenames
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    else
      line=\${line%%$'\\t'*}
      [[ $line == *[=:] ]] && type compopt &>/dev/null && compopt -o nospace
      COMPREPLY+=("\${line#"$prefix"}")
    fi
  done < <("\${COMP_WORDS[0]}" complete -- "\${typed[@]}" 2>/dev/null)
}
complete -F _labwright labwright
`,
  zsh: `#compdef labwright
# labwright completion zsh: put  eval "$(labwright completion zsh)"  into ~/.zshrc, behind compinit
_labwright() {
  local -a offers open
  local line word offer files= ret=1
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      files=1
    elif [[ -n $line ]]; then
      word=\${line%%$'\\t'*}
      offer=\${word//:/\\\\:}
      [[ $line == *$'\\t'* ]] && offer+=":\${line#*$'\\t'}"
      # What goes on behind it wants no blank.
      if [[ $word == *[=:] ]]; then open+=("$offer"); else offers+=("$offer"); fi
    fi
  done
  (( \${#offers} )) && _describe -V labwright offers && ret=0
  (( \${#open} )) && _describe -V labwright open -S '' && ret=0
  [[ -n $files ]] && _files && ret=0
  return ret
}
compdef _labwright labwright
`,
  fish: `# labwright completion fish: put  labwright completion fish | source  into ~/.config/fish/config.fish
function __labwright_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            printf '%s\\n' $line
        end
    end
end
complete -c labwright -f -a '(__labwright_complete)'
`,
};
