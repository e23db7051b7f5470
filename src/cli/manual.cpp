// The manual page in troff: one page for the program and all its commands.
#include "cli/manual.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/command.h"
#include "cli/registry.h"
#include "fanin/base/version.h"

namespace fanin::cli {
namespace {

/// Text as troff prints it unchanged: backslashes, hyphens that can be copied, and no line that reads as a request.
std::string troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if ((c == '.') && out.empty()) {
      out += "\\&.";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) {
  return fmt::format("\\fB{}\\fR", troff(text));
}
std::string italic(std::string_view text) {
  return fmt::format("\\fI{}\\fR", troff(text));
}

std::string option_tag(const OptionRow& row) {
  std::string tag;
  std::string_view names = row.names;
  while (true) {
    const std::size_t comma = names.find(',');
    tag += bold(names.substr(0, comma));
    if (comma == std::string_view::npos) break;
    tag += ", ";
    names.remove_prefix(comma + 1);
  }
  return row.value.empty() ? tag : fmt::format("{} {}", tag, italic(row.value));
}

std::string command_section(const Command& command) {
  std::string text = fmt::format(".SS {}", bold(fmt::format("fanin {}", command.name)));
  if (!command.arguments.empty())
    text += command.least == 0 ? fmt::format(" [{}]", italic(command.arguments))
                               : fmt::format(" {}", italic(command.arguments));
  text += fmt::format(" [{}]\n{}\n", italic("OPTIONS"), troff(command.summary));
  if (!command.details.empty()) text += fmt::format(".PP\n{}\n", troff(command.details));
  for (const OptionRow& row : command.options) {
    text += fmt::format(".TP\n{}\n{}", option_tag(row), troff(row.summary));
    if (!row.default_text.empty()) text += fmt::format(" [default: {}]", troff(row.default_text));
    text += '\n';
  }
  if (!command.examples.empty()) {
    text += ".PP\nExamples:\n.PP\n.nf\n.RS 4\n";
    for (const std::string_view example : command.examples) text += fmt::format("{}\n", troff(example));
    text += ".RE\n.fi\n";
  }
  return text;
}

constexpr std::string_view exit_status = R"(.SH EXIT STATUS
.TP
.B 0
Done. A network that diverges or learns nothing is a result, not a failure.
.TP
.B 1
The environment failed although the request was sound: disk full, out of memory.
.TP
.B 2
A mistake in the request: one line on standard error says what, where and what was expected.
.TP
.B 130
Interrupted. What was recorded is kept; \fB\-\-resume\fR goes on.
.SH ENVIRONMENT
.TP
.B FANIN_DATA_DIR
A folder whose subfolders are looked up as data sets by name.
.TP
.B FANIN_MAX_SIMD
AVX512, AVX2 or BASELINE: the limit on the instruction set of Fanin\(aqs own loops. Initial weights are the same under any.
.TP
.B ONEDNN_MAX_CPU_ISA
oneDNN\(aqs limit on the instruction set; results are equal bit for bit within one set.
.TP
.B XDG_CACHE_HOME
Where decoded image folders and archives are cached, in its subfolder \fBfanin\fR.
.TP
.B NO_COLOR
Not empty: no colour.
)";

}  // namespace

std::string manual_page() {
  std::string text = fmt::format(
      ".TH FANIN 1 \"\" \"fanin {}\" \"User Commands\"\n.ad l\n"
      ".SH NAME\nfanin \\- tells with which initial weights a convolutional network should start, and why\n"
      ".SH SYNOPSIS\n.B fanin\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\nFanin draws the initial weights of convolutional networks, shows what they do to signal and "
      "gradient, and compares initialization schemes by training the network with each.\n.PP\nSchemes, models, "
      "optimizers and schedules are written \\fIname\\fR:\\fIkey\\fR=\\fIvalue\\fR,\\fIkey\\fR=\\fIvalue\\fR. "
      "In a list, a comma followed by \\fIkey\\fR= goes on with the options, any other comma starts the next item. "
      "\\fBfanin list\\fR shows the names, \\fBfanin explain\\fR \\fINAME\\fR what one does.\n"
      ".SH COMMANDS\n",
      version());
  for (const Command& command : command_table()) text += command_section(command);
  for (const Registry& registry : registries()) {
    if (registry.plural == "commands") continue;
    std::string title;
    for (const char c : registry.plural) title += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    text += fmt::format(".SH {}\n{}.\n", title, troff(registry.summary));
    for (const Entry& entry : registry.entries())
      text += fmt::format(".TP\n{}\n{}\n", bold(entry.name), troff(entry.summary));
  }
  return fmt::format("{}{}", text, exit_status);
}

}  // namespace fanin::cli
