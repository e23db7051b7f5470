// Progress on standard error: lines redrawn in place on a terminal, now and then a plain line in a pipe or a log.
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace fanin::cli {

class Live {
 public:
  Live();
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  /// Whether standard error is a terminal that redraws.
  bool is_live() const { return live_; }
  /// Whether something drawn now would be shown. Terminal: at once, then at most ten times a second. Pipe: when 30 s
  /// have passed since the last plain line.
  bool due() const;

  /// Replaces the lines of the frame before (terminal only). Lines are cut at the terminal's width.
  void draw(const std::vector<std::string>& lines);
  /// A line that stays, above the frame.
  void say(const std::string& line);
  /// Takes the frame away.
  void clear();

 private:
  std::string erase_frame();
  std::string frame_text(const std::vector<std::string>& lines);
  void write(const std::string& text);
  bool live_, drawn_ = false;
  std::vector<std::string> frame_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace fanin::cli
