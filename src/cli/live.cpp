// Redrawing: the cursor goes up to the frame's first line and each line is written over, then cleared to its end. One
// write() a frame, so nothing flickers; the width is asked for each frame, so a resized window is met at the next one.
#include "cli/live.h"

#include <unistd.h>

#include <fmt/format.h>

#include "cli/text.h"
#include "fanin/base/terminal.h"

namespace fanin::cli {

namespace {

constexpr auto frame_interval = std::chrono::milliseconds(100);
constexpr auto plain_interval = std::chrono::seconds(30);

}  // namespace

Live::Live() : live_(is_live_terminal(STDERR_FILENO)), last_(std::chrono::steady_clock::now()) {}

Live::~Live() {
  clear();
}

bool Live::due() const {
  if (live_ && !drawn_) return true;
  const auto passed = std::chrono::steady_clock::now() - last_;
  return live_ ? passed >= frame_interval : passed >= plain_interval;
}

void Live::write(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (count <= 0) return;  // progress that cannot be shown is no error
    done += static_cast<std::size_t>(count);
  }
}

std::string Live::erase_frame() {
  if (frame_.empty()) return "";
  const std::string text = fmt::format("\x1b[{}A\x1b[J", frame_.size());
  frame_.clear();
  return text;
}

void Live::draw(const std::vector<std::string>& lines) {
  if (!live_) return;
  last_ = std::chrono::steady_clock::now();
  drawn_ = true;
  write(frame_text(lines));
}

std::string Live::frame_text(const std::vector<std::string>& lines) {
  const int width = terminal_width(STDERR_FILENO) - 1;  // a line that fills the last column would wrap
  const std::size_t old = frame_.size();
  std::string text = old > 0 ? fmt::format("\x1b[{}A", old) : "";
  frame_.clear();
  for (const std::string& line : lines) {
    frame_.push_back(clip(line, width));
    text += frame_.back() + "\x1b[K\n";
  }
  if (frame_.size() < old) text += "\x1b[J";
  return text;
}

void Live::say(const std::string& line) {
  if (!live_) last_ = std::chrono::steady_clock::now();
  const std::vector<std::string> kept = frame_;
  std::string text = erase_frame() + line + "\n";
  text += frame_text(kept);
  write(text);
}

void Live::clear() {
  write(erase_frame());
}

}  // namespace fanin::cli
