// Completion scripts. The words are put into the script, so that completing does not start the program.
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/registry.h"
#include "fanin/base/nearest.h"

namespace fanin::cli {
namespace {

/// What may stand for a value or an argument.
struct Candidates {
  bool files = false;              // a path may stand here
  bool list = false;               // several words with commas between
  std::vector<std::string> words;  // the names that may stand here
};

std::vector<std::string> names_of(std::string_view plural) {
  std::vector<std::string> names;
  for (const Registry& registry : registries()) {
    if (registry.plural != plural) continue;
    for (const Entry& entry : registry.entries())
      if (entry.name.find(' ') == std::string::npos) names.push_back(entry.name);  // "PATH (IDX)" is no word
  }
  return names;
}

/// By the word that stands for it in help: MODEL, FILE, KIND.
Candidates candidates(std::string_view value) {
  if (value.ends_with("...") && value != "A,B,...") value.remove_suffix(3);
  if (value == "MODEL") return {false, false, names_of("models")};
  if (value == "DATA") return {true, false, names_of("datasets")};
  if (value == "SCHEME") return {false, false, names_of("schemes")};
  if (value == "A,B,...") return {false, true, names_of("schemes")};
  if (value == "OPTIMIZER") return {false, false, names_of("optimizers")};
  if (value == "SCHEDULE") return {false, false, names_of("schedules")};
  if (value == "COMMAND") return {false, false, names_of("commands")};
  if (value == "WHEN") return {false, false, {"always", "never", "auto"}};
  if (value == "SHELL") return {false, false, {"bash", "zsh", "fish"}};
  if (value == "FILE" || value == "DIR") return {true, false, {}};
  if (value == "TYPE") return {false, false, {"float32", "float64", "bf16", "half"}};
  Candidates found;
  if (value == "PRESET") {
    return {false, false, names_of("presets")};
  } else if (value == "STREAM") {
    found.words.emplace_back("fanin");
    for (const std::string& name : names_of("streams")) found.words.push_back(name);
  } else if (value == "ACTIVATION") {
    return {false, false, names_of("activations")};
  } else if (value == "KIND") {
    for (const Registry& registry : registries()) found.words.emplace_back(registry.plural);
  } else if (value == "NAME") {
    for (const Entry& entry : all_entries())
      if (entry.name.find(' ') == std::string::npos) found.words.push_back(entry.name);
  }
  return found;
}

std::vector<std::string> spellings(const OptionRow& row) {
  std::vector<std::string> names;
  std::string_view rest = row.names;
  while (true) {
    const std::size_t comma = rest.find(',');
    names.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return names;
    rest.remove_prefix(comma + 1);
  }
}

std::string joined(const std::vector<std::string>& words, std::string_view separator = " ") {
  return fmt::format("{}", fmt::join(words, separator));
}

/// In single quotes for any of the shells (fish reads \' inside them, bash and zsh do not: no text needs one).
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "’";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string bash_reply(const Candidates& found) {
  std::string text;
  if (found.list) text += "[[ $word == *,* ]] && head=${word%,*},\n        ";
  text += fmt::format("words={}", quoted(joined(found.words)));
  if (found.files) text += " files=yes";
  return text;
}

std::string bash_script() {
  std::vector<std::string> commands;
  std::string cases;
  for (const Command& command : command_table()) {
    commands.emplace_back(command.name);
    std::vector<std::string> options;
    for (const OptionRow& row : command.options) {
      const std::vector<std::string> names = spellings(row);
      options.insert(options.end(), names.begin(), names.end());
      if (row.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : names) patterns.push_back(fmt::format("'{} {}'", command.name, name));
      cases += fmt::format("      {})\n        {}\n        ;;\n", joined(patterns, " | "),
                           bash_reply(candidates(row.value)));
    }
    cases += fmt::format(
        "      '{0} '*)\n        if [[ $word == -* ]]; then words={1}; else\n        {2}\n"
        "        fi\n        ;;\n",
        command.name, quoted(joined(options)), bash_reply(candidates(command.arguments)));
  }
  return fmt::format(R"(# bash completion for fanin, printed by `fanin completion bash`
_fanin() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} option= words= files= head=
  # bash cuts --init=x at the sign
  if [[ $word == '=' ]]; then
    option=$before word=
  elif [[ $before == '=' ]]; then
    option=${{COMP_WORDS[COMP_CWORD - 2]}}
  elif [[ $before == -* ]]; then
    option=$before
  fi
  if ((COMP_CWORD == 1)); then
    words={}
  else
    case "${{COMP_WORDS[1]}} $option" in
{}    esac
  fi
  COMPREPLY=($(compgen -P "$head" -W "$words" -- "${{word#"$head"}}"))
  if [[ $files ]]; then
    local IFS=$'\n'
    COMPREPLY+=($(compgen -f -- "$word"))
    compopt -o filenames 2>/dev/null
  fi
  [[ $head ]] && compopt -o nospace 2>/dev/null
  return 0
}}
complete -F _fanin fanin
)",
                     quoted(joined(commands) + " --help --version"), cases);
}

/// What follows the second colon of an _arguments specification.
std::string zsh_action(const Candidates& found) {
  if (found.list) return fmt::format("_sequence compadd - {}", joined(found.words));
  if (found.files && found.words.empty()) return "_files";
  if (found.files) return fmt::format("{{compadd {}; _files}}", joined(found.words));
  return found.words.empty() ? " " : fmt::format("({})", joined(found.words));
}

/// Text inside [...] of an _arguments specification or before the colon of a _describe item.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_script() {
  std::string commands, cases;
  for (const Command& command : command_table()) {
    commands += fmt::format("    {}\n", quoted(fmt::format("{}:{}", command.name, zsh_text(command.summary))));
    cases += fmt::format("    {})\n      _arguments -s", command.name);
    for (const OptionRow& row : command.options) {
      const std::vector<std::string> names = spellings(row);
      for (const std::string& name : names) {
        std::string spec = fmt::format("({}){}", joined(names), name);
        if (!row.value.empty() && name.starts_with("--")) spec += '=';
        spec += fmt::format("[{}]", zsh_text(row.summary));
        if (!row.value.empty()) spec += fmt::format(":{}:{}", zsh_text(row.value), zsh_action(candidates(row.value)));
        cases += fmt::format(" \\\n        {}", quoted(spec));
      }
    }
    if (command.most > 0)
      cases += fmt::format(" \\\n        {}",
                           quoted(fmt::format("{}:{}:{}", command.most > 1 ? "*" : "1", zsh_text(command.arguments),
                                              zsh_action(candidates(command.arguments)))));
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef fanin
# zsh completion for fanin, printed by `fanin completion zsh`
_fanin() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _fanin "$@"; else compdef _fanin fanin; fi
)",
                     commands, cases);
}

std::string fish_values(const Candidates& found) {
  if (found.list) return fmt::format(" -x -a '(__fanin_list {})'", joined(found.words));
  const std::string words = found.words.empty() ? "" : fmt::format(" -a {}", quoted(joined(found.words)));
  return (found.files ? " -r -F" : " -x") + words;
}

std::string fish_script() {
  std::string text = R"(# fish completion for fanin, printed by `fanin completion fish`
# The words given, each after what stands before the last comma of the present one.
function __fanin_list
  set -l head (commandline -ct | string replace -r '^--[a-z-]+=' '' | string replace -r '[^,]*$' '')
  for word in $argv
    echo $head$word
  end
end
complete -c fanin -f
complete -c fanin -n __fish_use_subcommand -s h -l help -d 'Show the help.'
complete -c fanin -n __fish_use_subcommand -s V -l version -d 'Show the version.'
)";
  for (const Command& command : command_table()) {
    text +=
        fmt::format("complete -c fanin -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.summary));
    const std::string start = fmt::format("complete -c fanin -n '__fish_seen_subcommand_from {}'", command.name);
    for (const OptionRow& row : command.options) {
      text += start;
      for (const std::string& name : spellings(row))
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!row.value.empty()) text += fish_values(candidates(row.value));
      text += fmt::format(" -d {}\n", quoted(row.summary));
    }
    if (const Candidates found = candidates(command.arguments); command.most > 0) {
      if (found.files) text += start + " -F\n";
      if (!found.words.empty()) text += fmt::format("{} -a {}\n", start, quoted(joined(found.words)));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  throw UsageError(unknown_name_message("shell", shell, {"bash", "zsh", "fish"}));
}

}  // namespace fanin::cli
