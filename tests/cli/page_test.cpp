// docs/schemes.md is what the program prints; scripts/approve.sh makes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "support/program.h"

namespace fanin::test {
namespace {

std::string page(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SchemesPageTest, HoldsTheTablesOfTheProgram) {
  const std::string text = page(std::filesystem::path(FANIN_TESTS_DIR).parent_path() / "docs" / "schemes.md");
  ASSERT_FALSE(text.empty());
  for (const char* kind : {"schemes", "aliases"}) {
    std::istringstream lines(run_fanin({"list", kind, "--markdown"}).out);
    for (std::string line; std::getline(lines, line);)
      EXPECT_THAT(text, ::testing::HasSubstr(line + "\n")) << "docs/schemes.md is stale: scripts/approve.sh makes it";
  }
}

}  // namespace
}  // namespace fanin::test
